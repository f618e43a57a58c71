/** The calls about semaphores. A locus that waits is at rest in its own thread; here it is a place in a queue. */
import {
  isLocusPort,
  masterRights,
  maxSemaphoreCount,
  refuse,
  type Answer,
  type ArgsOf,
  type Capref,
  type PortId,
  type semaphoreCalls,
} from '@katydid/abi'
import { invariant, later, unreachable, type IncomingCall } from '@katydid/actor'
import { resolve, tableOf, type Resolved, type Right } from '../capability/resolve.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import { currentContainer, noteMessage } from '../state-interval/messages.js'
import { mergeInto } from '../state-interval/points.js'
import { semaphoreUnit } from '../state-interval/units.js'
import { waitOf } from './wait-of.js'
import { mostSemaphores, type Semaphore, type WaitOutcome } from './semaphore-table.js'

type Calls = typeof semaphoreCalls

/** semaphore_create. */
export function semaphoreCreate(
  machine: Machine,
  from: PortId,
  { initial }: ArgsOf<Calls['semaphoreCreate']>,
): Answer<Calls['semaphoreCreate']> {
  if (!Number.isInteger(initial) || initial < 0 || initial > maxSemaphoreCount)
    return refuse('bad_argument', `a count is a whole number up to 2^31 - 1, not ${initial}`)
  if (machine.semaphores.isFull) forgetUnnamed(machine)
  if (machine.semaphores.isFull)
    return refuse('no_resource', `the machine has ${mostSemaphores} semaphores already`)
  const semaphore = machine.semaphores.create(initial, {
    epoch: machine.captures.epoch,
    interval: machine.firstInterval,
  })
  const table = tableOf(machine, from, 'own')
  invariant(table !== null, 'CP1: every principal has a table of its own', { from })
  const sem = machine.capabilities.grant(table, 'own', {
    kind: 'semaphore',
    slot: semaphore.id,
    generation: 1,
    rights: masterRights,
    group: 0,
  })
  if (sem === null) {
    machine.semaphores.forget(semaphore.id)
    return refuse('no_resource', 'the caller’s capability table is full')
  }
  noteMessage(machine, from, semaphoreUnit(machine, semaphore.id))
  machine.changed()
  return { status: 'ok', sem }
}

/** semaphore_p: answered when there was something to take, or at its deadline. */
export function semaphoreP(
  machine: Machine,
  { sem, timeoutMs }: ArgsOf<Calls['semaphoreP']>,
  call: IncomingCall<Calls['semaphoreP']>,
): Answer<Calls['semaphoreP']> | typeof later {
  const found = resolveSemaphore(machine, call.from, sem, 'wait')
  if (found.status !== 'ok') return found
  if (!(timeoutMs >= 0))
    return refuse('bad_argument', `a time-out is 0 ms or more, not ${timeoutMs}`)
  const nowMs = machine.clock.nowMs()
  const locus = speakerOf(machine, call)
  const waiter = {
    locus: locus?.id ?? 0,
    number: locus === null ? 0 : waitOf(machine, locus),
    deadlineMs: nowMs + timeoutMs,
    done: (outcome: WaitOutcome): void => {
      if (outcome === 'ok') granted(machine, found.semaphore, locus, waiter.number)
      call.reply(answerOf(outcome))
    },
  }
  machine.semaphores.take(found.semaphore, waiter, nowMs)
  return later
}

function answerOf(outcome: WaitOutcome): Answer<Calls['semaphoreP']> {
  switch (outcome) {
    case 'timed_out':
      return refuse('timed_out', 'the count stayed 0')
    case 'frozen':
      return refuse('frozen', 'the world went back to its line meanwhile; wait again')
    case 'entity_gone':
      return refuse('entity_gone', 'the semaphore was destroyed')
    case 'ok':
      return { status: 'ok' }
    default:
      return unreachable(outcome)
  }
}

/** The count is on its way: received when the locus goes on, or at once by the container it is nested in. */
function granted(
  machine: Machine,
  { id, interval }: Semaphore,
  locus: Locus | null,
  wait: number,
): void {
  machine.changed()
  if (locus === null) return
  const unit = semaphoreUnit(machine, id)
  if (wait !== 0) locus.grants = [...locus.grants, { wait, unit, interval }]
  else {
    const inside = currentContainer(machine, locus)
    if (inside !== null) mergeInto(inside.intervals.history.owed, new Map([[unit, interval]]))
  }
}

/** semaphore_v. */
export function semaphoreV(
  machine: Machine,
  from: PortId,
  { sem, n }: ArgsOf<Calls['semaphoreV']>,
): Answer<Calls['semaphoreV']> {
  const found = resolveSemaphore(machine, from, sem, 'signal')
  if (found.status !== 'ok') return found
  if (!Number.isInteger(n) || n < 1 || n > maxSemaphoreCount)
    return refuse('bad_argument', `a signal adds 1 to 2^31 - 1, not ${n}`)
  if (!machine.semaphores.add(found.semaphore, n))
    return refuse('bad_argument', `a count of ${found.semaphore.count} and ${n} is above 2^31 - 1`)
  machine.changed()
  return { status: 'ok' }
}

/** semaphore_destroy. */
export function semaphoreDestroy(
  machine: Machine,
  from: PortId,
  { sem }: ArgsOf<Calls['semaphoreDestroy']>,
): Answer<Calls['semaphoreDestroy']> {
  const found = resolveSemaphore(machine, from, sem, 'destroy')
  if (found.status !== 'ok') return found
  machine.semaphores.destroy(found.semaphore)
  machine.groups.dropEntity('semaphore', found.semaphore.id, 1)
  machine.changed()
  return { status: 'ok' }
}

function resolveSemaphore(
  machine: Machine,
  from: PortId,
  sem: Capref,
  right: Right,
): Resolved<{ readonly semaphore: Semaphore }> {
  const found = resolve(machine, from, sem, 'semaphore', right)
  if (found.status !== 'ok') return found
  const semaphore = machine.semaphores.at(found.capability.slot)
  invariant(semaphore !== null, 'CP2: a capability that resolves names something', {
    slot: found.capability.slot,
  })
  return { status: 'ok', semaphore }
}

function speakerOf(machine: Machine, call: IncomingCall<Calls['semaphoreP']>): Locus | null {
  return isLocusPort(call.from) ? machine.loci.speaking(call.from, call.generation) : null
}

/** Semaphores that no capability names and nobody waits for are of no use to anyone. */
function forgetUnnamed(machine: Machine): void {
  for (const { id, waiters } of machine.semaphores.all())
    if (waiters.length === 0 && !machine.capabilities.names('semaphore', id))
      machine.semaphores.forget(id)
}
