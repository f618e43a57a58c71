/** The thread of a self-managing manager: its region, endpoint and bell, a reader of disk blocks, and the loop. */
import { asBlock } from '@katydid/abi'
import {
  actorBoot,
  Bell,
  Endpoint,
  exposeControl,
  order,
  Region,
  RemoteCalls,
  serveForever,
  TraceRing,
  TickClock,
} from '@katydid/actor'
import { readBlock } from '@katydid/memory'
import { defaultOptions, type SelfManagingData } from './options.js'
import { SelfManagingManager } from './self-managing.js'

const { region: handle, port, data } = actorBoot()
const { boot, diskFd, options } = data as SelfManagingData
const region = new Region(handle)
const clock = new TickClock(region)
const bell = new Bell(region.words, region.actorWord(port, 'bell'))
const trace = new TraceRing(region, port)
const endpoint = new Endpoint({ region, port, clock, bell, trace })
const manager = new SelfManagingManager(
  {
    region,
    messenger: endpoint,
    clock,
    date: Date.now,
    read: (place, into) => readBlock(diskFd, asBlock(place.block), into, place.checksum),
    report: (event) => order({ order: 'report', event }),
    options: { ...defaultOptions, ...options },
    trace,
    ...(region.plan.shape.network ? { remote: new RemoteCalls(endpoint, clock) } : {}),
  },
  boot,
)
let stopped = false

exposeControl({
  /** Snapshots the manager itself; answers whether it became durable. */
  stabilise: () =>
    new Promise<boolean>((resolve) => {
      manager.stabilise(resolve)
    }),
  stop: () => {
    stopped = true
  },
})
await serveForever({ endpoint, bell, onTurn: () => manager.turn(), stopped: () => stopped })
