/** The disk driver's thread: opens the disk in the file it is given and serves the disk calls. An open that fails ends it, with the sentence. */
import { actorPorts } from '@katydid/abi'
import {
  actorBoot,
  bellOf,
  Endpoint,
  exposeControl,
  Region,
  serveForever,
  TraceRing,
  TickClock,
} from '@katydid/actor'
import { driverMeter, fileOf, formatOf, type DiskData } from './disk/disk-boot.js'
import type { DiskControl } from './disk/disk-control.js'
import { DiskCore } from './disk/disk-core.js'
import { openDisk } from './disk/open.js'
import { byCapability } from './disk/permission.js'
import { regionFrames } from './disk/region-frames.js'
import { barrierAt, serveDisk } from './disk/serve-disk.js'

const boot = actorBoot()
const data = boot.data as DiskData
const region = new Region(boot.region)
const clock = new TickClock(region)
const bell = bellOf(region, boot.port)
const trace = new TraceRing(region, boot.port)
const endpoint = new Endpoint({ region, port: boot.port, clock, bell, trace })
const file = fileOf(data, region)
const core = new DiskCore({
  file,
  opened: openDisk(file, formatOf(data, region)),
  frames: regionFrames(region),
  barrier: barrierAt(endpoint, actorPorts.barrier),
  meter: driverMeter(region, boot.port, trace),
  clock,
})
serveDisk(endpoint, core, byCapability(region, boot.port))
const control: DiskControl = {
  status: () => core.status(),
  stop: () =>
    new Promise((resolve) => {
      core.stop(resolve)
    }),
}
exposeControl(control)
await serveForever({
  endpoint,
  bell,
  onTurn: () => {
    core.turn()
    return Infinity
  },
  stopped: () => core.isClosed,
})
