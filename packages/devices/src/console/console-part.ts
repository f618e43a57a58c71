/** The console driver on its seat: lines come from the kernel and go to the thread that opened the world, which says what somebody has taken. */
import type { Part, Seat } from '@katydid/actor'
import type { ConsoleControl } from './console-control.js'
import { ConsoleCore } from './console-core.js'
import { serveConsole } from './serve-console.js'

export function consolePart({ endpoint, clock, order }: Seat): Part {
  const core = new ConsoleCore(clock, (first, lines) => order({ order: 'output', first, lines }))
  serveConsole(endpoint, core)
  const control: ConsoleControl = { taken: (number) => core.taken(number) }
  return { control, turn: () => core.turn(), isOver: () => false }
}
