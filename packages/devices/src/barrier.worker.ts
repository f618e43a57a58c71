/** The barrier thread of a disk: `fdatasync` when the driver asks, and nothing else, so that no write waits for it. */
import { serveAlone } from '@katydid/actor'
import { driverMeter, fileOf, type BarrierData } from './disk/disk-boot.js'
import type { BarrierControl } from './disk/disk-control.js'
import { serveBarrier } from './disk/serve-disk.js'

await serveAlone(({ region, port, endpoint, trace, data }) => {
  let isStopped = false
  serveBarrier(endpoint, fileOf(data as BarrierData, region), driverMeter(region, port, trace))
  const control: BarrierControl = {
    stop: () => {
      isStopped = true
    },
  }
  return { control, turn: () => Infinity, isOver: () => isStopped }
})
