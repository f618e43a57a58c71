/** A visit whose thread was lost, here or on the machine that it was lent to: its container goes back, and it is begun again, unless that has happened too often. */
import type { Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import type { Waiting } from '../machines/letters.js'
import { requestRecovery } from '../recovery/request.js'
import { nameOfCall } from './visit-table.js'

/** A call whose thread is lost this often within a minute is not run again. */
const mostLosses = 5
const lossWindowMs = 60_000

export interface LostVisit {
  readonly container: Container
  readonly letter: Waiting
  readonly fate: Locus['fate']
  readonly why: string
}

export function visitIsLost(machine: Machine, { container, letter, fate, why }: LostVisit): void {
  const { visits, clock } = machine
  invariant(why !== '', 'LO150: a thread that was lost has ended somehow', {})
  // It went back already, or does.
  if (machine.phase === 'failed' || machine.containers.at(container.slot) !== container) return
  if (
    machine.phase === 'recovering' &&
    (machine.lost === 'world' || machine.going.has(container.slot))
  )
    return
  const name = nameOfCall(letter)
  const nowMs = clock.nowMs()
  const recent = (visits.losses.get(name) ?? []).filter((at) => nowMs - at < lossWindowMs)
  visits.losses.set(name, [...recent, nowMs])
  const lost: Status = 'locus_lost'
  if (fate !== null) visits.fates.set(name, fate)
  else if (recent.length >= mostLosses)
    visits.fates.set(name, {
      status: lost,
      detail: `the thread that ran it was lost ${recent.length + 1} times in a minute (${why})`,
    })
  requestRecovery(
    machine,
    `a locus that another machine’s invocation ran in “${container.name}” was lost (${why})`,
    new Set([container.slot]),
  )
}
