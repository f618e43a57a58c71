/**
 * This machine coordinates a recovery: it gathers what can be had on all machines until nothing more has to be given up, chooses, has all write the
 * choice down, itself first, and then carry it out. Without one of them nothing is decided.
 */
import { actorPorts, machineCalls, type MachineId, type Reply } from '@katydid/abi'
import { all, invariant, until, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Problem } from '../recovery/problem.js'
import type { Back } from '../recovery/least-rollback.js'
import { phaseOf, wanted } from '../recovery/under-way.js'
import type { Across } from './across.js'
import { chooseOver, type HavableUnits } from './choose-over.js'
import { Ends, type Ended } from './ends.js'
import { machineOf } from './foreign-units.js'
import type { Part } from './part.js'
import { heard, type HeardUnits } from './told-units.js'

/** How an attempt to coordinate came out. `again`: at once, with a higher number; `gave_way`: another machine coordinates. */
export type Coordinated =
  | { readonly outcome: 'applied'; readonly problem: Problem | string | null }
  | { readonly outcome: 'again' | 'gave_way' | 'failed' }
  | { readonly outcome: 'unreachable'; readonly machine: MachineId }

type Join = (typeof machineCalls)['recoveryJoin']

/** Threads may take ten seconds to end, managers longer to start. */
const joinMs = 60_000
const decideMs = 60_000
const tellMs = 5_000
const againMs = 5_000

export function* coordinate(
  machine: Machine,
  across: Across,
  part: Part,
  reason: string,
): Script<Coordinated> {
  const away = across.others.find((each) => !across.isPresent(each))
  if (away !== undefined) return { outcome: 'unreachable', machine: away }
  const recovery = across.highest + 1
  across.highest = recovery
  invariant(across.coordinating === 0, 'SI171: one recovery is coordinated at a time', { recovery })
  across.coordinating = recovery
  across.joined = null
  const result = yield* attempt(machine, across, part, recovery, reason)
  across.coordinating = 0
  return result
}

function* attempt(
  machine: Machine,
  across: Across,
  part: Part,
  recovery: number,
  reason: string,
): Script<Coordinated> {
  let back: ReadonlyMap<number, Back> = new Map()
  for (;;) {
    const own: HavableUnits = {
      machine: 0,
      units: yield* part.states(goingOf(back, 0)),
      whole: part.whole,
      over: part.over,
    }
    const replies = yield* gather(machine, across, recovery, back)
    if (isOver(machine)) return leave(across, recovery, 'failed')
    if (isInvited(across)) return leave(across, recovery, 'gave_way')
    const missing = across.others.find((other) => replies.get(other)?.status !== 'ok')
    if (missing !== undefined) {
      leave(across, recovery, 'again')
      return { outcome: 'unreachable', machine: missing }
    }
    const others = [...replies].flatMap(([other, reply]) => joinedOf(across, other, reply) ?? [])
    if (others.length < replies.size) return leave(across, recovery, 'again')
    const parts = [own, ...others]
    const ends = endsOf(across, others)
    const chosen = chooseOver(parts, ends)
    back = chosen.back
    if (isGivenUp(parts, back))
      return yield* settle(machine, across, part, {
        recovery,
        reason,
        ended: ends.all,
        back: rowsOf(machine, others, back),
        line: chosen.line,
      })
  }
}

/** Whether every unit that goes back stands still: then nothing that was said of the others changes any more. */
function isGivenUp(parts: readonly HavableUnits[], back: ReadonlyMap<number, Back>): boolean {
  const present = parts.flatMap(({ units }) => units.filter((each) => each.present !== null))
  return present.every(({ unit }) => !back.has(unit))
}

const goingOf = (back: ReadonlyMap<number, Back>, machine: number): number[] =>
  [...back.keys()].filter((unit) => machineOf(unit) === machine)

/** What all machines answer, or those that did until this one has to give way. */
function* gather(
  machine: Machine,
  across: Across,
  recovery: number,
  back: ReadonlyMap<number, Back>,
): Script<ReadonlyMap<MachineId, Reply<Join>>> {
  const replies = new Map<MachineId, Reply<Join>>()
  for (const other of across.others) {
    const args = { recovery, going: goingOf(back, other) }
    const noted = (reply: Reply<Join>): void => void replies.set(other, reply)
    across.remote.to(other).call(actorPorts.kernel, machineCalls.recoveryJoin, args, noted, joinMs)
  }
  const isEnough = (): boolean =>
    isInvited(across) || isOver(machine) || replies.size === across.others.length
  yield* machine.waits.until(isEnough, joinMs + againMs)
  return replies
}

const isOver = (machine: Machine): boolean =>
  phaseOf(machine) === 'failed' || wanted(machine) !== null

function joinedOf(across: Across, other: MachineId, reply: Reply<Join>): HeardUnits | null {
  invariant(reply.status === 'ok', 'SI171: nothing is decided without one of the machines', {
    other,
  })
  across.hearRecovery(reply.known)
  return reply.joined ? heard(across, other, reply) : null
}

function endsOf(across: Across, others: readonly HeardUnits[]): Ends {
  const ends = new Ends()
  for (const each of [...across.ends.all, ...others.flatMap(({ ended }) => ended)]) ends.add(each)
  return ends
}

/** What every machine writes: of each unit that goes back to what, and up to where its intervals never were. */
function rowsOf(
  machine: Machine,
  others: readonly HeardUnits[],
  back: ReadonlyMap<number, Back>,
): Ended[] {
  return [...back].map(([unit, { to }]) => {
    const of = machineOf(unit)
    const ceiling = of === 0 ? machine.ceiling : others.find((each) => each.machine === of)!.ceiling
    return { unit, end: to, ceiling }
  })
}

interface Settled {
  readonly recovery: number
  readonly reason: string
  readonly back: readonly Ended[]
  readonly ended: readonly Ended[]
  readonly line: ReadonlyMap<number, number>
}

function* settle(
  machine: Machine,
  across: Across,
  part: Part,
  { recovery, reason, back, ended, line }: Settled,
): Script<Coordinated> {
  across.decide(recovery, back, ended)
  if (!(yield* part.decide({ back: ownIn(back), line, reason }))) return { outcome: 'failed' }
  const { recoveryDecide } = machineCalls
  const told = [...line].map(([unit, interval]) => ({ unit, interval }))
  const args = { recovery, back, ended, line: told }
  const asked = across.others.map((other) =>
    until<Reply<typeof recoveryDecide>>((resume) =>
      across.remote.to(other).call(actorPorts.kernel, recoveryDecide, args, resume, decideMs),
    ),
  )
  const replies = yield* all(machine.messenger, asked)
  // One that has not decided depends, perhaps, on what has ended: another recovery sees to that.
  if (!replies.every((reply) => reply.status === 'ok' && reply.decided)) across.mustAgree = true
  say(across, machineCalls.recoveryApply, recovery)
  return { outcome: 'applied', problem: yield* part.apply() }
}

/** How far the machine's own units go back. */
export const ownIn = (back: readonly Ended[]): Map<number, number> =>
  new Map(
    back.flatMap(({ unit, end }): [number, number][] =>
      machineOf(unit) === 0 ? [[unit, end]] : [],
    ),
  )

const isInvited = (across: Across): boolean => across.requests.some(({ kind }) => kind === 'join')

function leave<O extends 'again' | 'gave_way' | 'failed'>(
  across: Across,
  recovery: number,
  outcome: O,
): { readonly outcome: O } {
  say(across, machineCalls.recoveryLeave, recovery)
  return { outcome }
}

/** Told to all, and answered by nobody who matters: who does not hear it sees that its coordinator is silent. */
function say(
  across: Across,
  signature: typeof machineCalls.recoveryApply | typeof machineCalls.recoveryLeave,
  recovery: number,
): void {
  for (const other of across.others)
    across.remote.to(other).call(actorPorts.kernel, signature, { recovery }, () => {}, tellMs)
}
