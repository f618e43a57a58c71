/** The console driver's thread: lines come from the kernel and go to the thread that opened the world, which says what somebody has taken. */
import {
  actorBoot,
  bellOf,
  Endpoint,
  exposeControl,
  order,
  Region,
  serveForever,
  TickClock,
  TraceRing,
} from '@katydid/actor'
import type { ConsoleControl } from './console/console-control.js'
import { ConsoleCore } from './console/console-core.js'
import { serveConsole } from './console/serve-console.js'

const boot = actorBoot()
const region = new Region(boot.region)
const clock = new TickClock(region)
const bell = bellOf(region, boot.port)
const trace = new TraceRing(region, boot.port)
const endpoint = new Endpoint({ region, port: boot.port, clock, bell, trace })
const core = new ConsoleCore(clock, (first, lines) => order({ order: 'output', first, lines }))
serveConsole(endpoint, core)
const control: ConsoleControl = { taken: (number) => core.taken(number) }
exposeControl(control)
await serveForever({ endpoint, bell, onTurn: () => core.turn(), stopped: () => false })
