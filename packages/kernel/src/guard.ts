/**
 * Around the dispatch table: a call is open to those whom its declaration names, and a thread of the past, or one that is
 * being stopped, is not served any more.
 */
import { isLocusPort, refuse, type Group, type PortId } from '@katydid/abi'
import { invariant, later, type IncomingCall } from '@katydid/actor'
import type { Machine } from './machine.js'

type Handling = (args: never, call: IncomingCall<never>) => unknown

const locusRoles: readonly string[] = ['locus', 'user']
const managerRoles: readonly string[] = ['manager', 'self-managing manager', 'user']
const hostRoles: readonly string[] = ['host', 'user']

/** Whether the declaration's `by` names hosts. */
export const isForHosts = (by: string): boolean => isFor(by, hostRoles)

/** The same handlers, for callers of the present only. Who is of the past waits for no answer: its thread has an end coming. */
export function guarded<H extends object>(machine: Machine, group: object, handlers: H): H {
  const wrapped = Object.entries(handlers as Record<string, Handling>).map(([name, handle]) => {
    const signature = (group as Group)[name]
    invariant(signature !== undefined, 'AC6: a handler serves a declared call', { name })
    const guard = (args: never, call: IncomingCall<never>): unknown => {
      if (isPast(machine, call)) return later
      if (machine.phase === 'recovering' && isLocusPort(call.from) && !isReplay(machine, call))
        return hold(machine, guard, args, call)
      if (isFor(signature.by, rolesOf(call.from))) return handle(args, call)
      return refuse('bad_message', `${signature.name} is a call of ${signature.by}`)
    }
    return [name, guard] as const
  })
  return Object.fromEntries(wrapped) as unknown as H
}

const rolesOf = (from: PortId): readonly string[] => (isLocusPort(from) ? locusRoles : managerRoles)

function isFor(by: string, roles: readonly string[]): boolean {
  return by.split(', ').some((each) => roles.includes(each))
}

/** A part of the world goes back: calls of loci that run on are served when it is there. */
function hold(
  machine: Machine,
  guard: (args: never, call: IncomingCall<never>) => unknown,
  args: never,
  call: IncomingCall<never>,
): typeof later {
  machine.heldCalls.push(() => {
    const answer = guard(args, call)
    if (answer !== later) call.reply(answer as never)
  })
  return later
}

/** What goes back is being run again: that is a part of the recovery. */
const isReplay = (machine: Machine, call: IncomingCall<never>): boolean =>
  (machine.loci.speaking(call.from, call.generation)?.replay ?? null) !== null

function isPast(machine: Machine, call: IncomingCall<never>): boolean {
  if (!isLocusPort(call.from)) return false
  return machine.loci.speaking(call.from, call.generation) === null
}
