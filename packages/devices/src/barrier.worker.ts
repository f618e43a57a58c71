/** The barrier thread of a disk: `fdatasync` when the driver asks, and nothing else, so that no write waits for it. */
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
import { driverMeter, fileOf, type BarrierData } from './disk/disk-boot.js'
import type { BarrierControl } from './disk/disk-control.js'
import { serveBarrier } from './disk/serve-disk.js'

const boot = actorBoot()
const region = new Region(boot.region)
const clock = new TickClock(region)
const bell = bellOf(region, boot.port)
const trace = new TraceRing(region, boot.port)
const endpoint = new Endpoint({ region, port: boot.port, clock, bell, trace })
const file = fileOf(boot.data as BarrierData, region)
let isStopped = false
serveBarrier(endpoint, file, driverMeter(region, boot.port, trace))
const control: BarrierControl = {
  stop: () => {
    isStopped = true
  },
}
exposeControl(control)
await serveForever({ endpoint, bell, stopped: () => isStopped })
