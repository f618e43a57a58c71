/** The entry of the kernel actor's thread: receives memory and configuration, serves, decides nothing. */
import {
  actorBoot,
  bellOf,
  Endpoint,
  exposeControl,
  order,
  Region,
  RemoteCalls,
  serveForever,
  TraceRing,
  TickClock,
} from '@katydid/actor'
import { KernelActor } from './kernel-actor.js'
import type { KernelConfig } from './machine.js'

const { region: handle, port, data } = actorBoot()
const region = new Region(handle)
const clock = new TickClock(region)
const bell = bellOf(region, port)
const trace = new TraceRing(region, port)
const endpoint = new Endpoint({ region, port, clock, bell, trace })
const config = data as KernelConfig
const { machines } = config
const kernel = new KernelActor({
  region,
  messenger: endpoint,
  clock,
  config,
  ...(machines === undefined
    ? {}
    : { others: { ...machines, remote: new RemoteCalls(endpoint, clock) } }),
  order,
  date: Date.now,
  trace: (kind, a, b) => trace.event(kind, a, b),
})
let ended = false

/** What the host may ask over the control port. */
const control = {
  boot: () => kernel.boot(),
  call: (call: string | number, args: unknown) => kernel.call(call, args),
  reported: (ending: Parameters<KernelActor['reported']>[0]) => kernel.reported(ending),
  accepted: (...of: Parameters<KernelActor['accepted']>) => kernel.accepted(...of),
  stop: async () => {
    const result = await kernel.stop()
    return result
  },
  /** Ends the thread; what was not recoverable is lost. */
  exit: () => {
    ended = true
  },
}
export type KernelControl = typeof control

exposeControl(control)
// Its outcome is told by events; whoever calls boot() is answered too.
void kernel.boot()
await serveForever({ endpoint, bell, onTurn: () => kernel.turn(), stopped: () => ended })
