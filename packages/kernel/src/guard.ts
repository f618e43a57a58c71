/** Around the dispatch table: a thread of the past, or one that is being stopped, is not served any more. */
import { isLocusPort } from '@katydid/abi'
import { invariant, later, type IncomingCall } from '@katydid/actor'
import type { Machine } from './machine.js'

type Handling = (args: never, call: IncomingCall<never>) => unknown

/** The same handlers, for callers of the present only. Who is of the past waits for no answer: its thread has an end coming. */
export function guarded<H extends object>(machine: Machine, handlers: H): H {
  const wrapped = Object.entries(handlers as Record<string, Handling>).map(([name, handle]) => {
    invariant(typeof handle === 'function', 'AC3: a handler is a function', { name })
    const guard = (args: never, call: IncomingCall<never>): unknown =>
      isPast(machine, call) ? later : handle(args, call)
    return [name, guard] as const
  })
  return Object.fromEntries(wrapped) as unknown as H
}

function isPast(machine: Machine, call: IncomingCall<never>): boolean {
  if (!isLocusPort(call.from)) return false
  return (
    machine.phase === 'recovering' || machine.loci.speaking(call.from, call.generation) === null
  )
}
