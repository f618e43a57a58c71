/** The disk driver's thread: opens the disk in the file it is given and serves the disk calls. An open that fails ends it, with the sentence. */
import { actorPorts } from '@katydid/abi'
import { serveAlone } from '@katydid/actor'
import { driverMeter, fileOf, formatOf, type DiskData } from './disk/disk-boot.js'
import type { DiskControl } from './disk/disk-control.js'
import { DiskCore } from './disk/disk-core.js'
import { openDisk } from './disk/open.js'
import { byCapability } from './disk/permission.js'
import { regionFrames } from './disk/region-frames.js'
import { barrierAt, serveDisk } from './disk/serve-disk.js'

await serveAlone(({ region, port, endpoint, clock, trace, data }) => {
  const of = data as DiskData
  const file = fileOf(of, region)
  const core = new DiskCore({
    file,
    opened: openDisk(file, formatOf(of, region)),
    frames: regionFrames(region),
    barrier: barrierAt(endpoint, actorPorts.barrier),
    meter: driverMeter(region, port, trace),
    clock,
  })
  serveDisk(endpoint, core, byCapability(region, port))
  const control: DiskControl = {
    status: () => core.status(),
    stop: () =>
      new Promise((resolve) => {
        core.stop(resolve)
      }),
  }
  const turn = (): number => {
    core.turn()
    return Infinity
  }
  return { control, turn, isOver: () => core.isClosed }
})
