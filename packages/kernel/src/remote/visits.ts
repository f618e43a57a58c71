/**
 * Running what loci of other machines invoke. The letter waits in the container, in every point of it, until its program has returned; then it is taken and answered in one
 * step. While the program runs it is counted as an invocation, so the container is not captured. A thread that is lost takes the container back to before the
 * letter was begun, and it is begun again.
 */
import { capabilityTables, containerGates, type ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Waiting } from '../machines/letters.js'
import { whyNotAllowed } from './allowed-from-afar.js'
import { answerLetter } from './answer-letter.js'
import type { CallEnd } from './far-calls.js'
import { borrowedIsLost, runBorrowed } from './borrow.js'
import { lend, offerLent } from './lend.js'
import { nameOfCall } from './visit-table.js'
import { visitIsLost } from './visit-lost.js'
import { freeVisitor, leaveIdle, startVisitor, type VisitingLocus } from './visitors.js'

/** As an invocation here: after so long it goes in although the capture it waits for was not taken. */
const mostWaitMs = 2_500
const lookMs = 20

const nowhere = -1 as ContainerSlot
const nothing = new Uint8Array(0)

/** Begins what can be begun; milliseconds until more could be. */
export function runVisits(machine: Machine): number {
  const { across } = machine
  if (across === null) return Infinity
  let next = Math.min(leaveIdle(machine), runBorrowed(machine, across))
  if (machine.phase !== 'open' || machine.recoveryWanted !== null) return next
  for (const container of machine.containers.live()) {
    for (const letter of container.letters?.waiting ?? []) {
      if (!isDue(machine, container, letter)) continue
      const end = endAtOnce(machine, container, letter)
      if (end !== null) answerLetter(machine, container, letter, end)
      else if (!mayEnter(machine, container, letter)) next = Math.min(next, lookMs)
      else if (!begin(machine, container, letter)) next = Math.min(next, lookMs)
    }
  }
  return Math.min(next, offerLent(machine, across))
}

/** Whether it is an invocation that no thread runs. */
const isDue = (machine: Machine, container: Container, letter: Waiting): boolean =>
  letter.content.kind === 'invoke' && !machine.visits.isUnderWay(container, letter)

/** How an invocation ends that is not begun. Nil: it can be. */
function endAtOnce(machine: Machine, container: Container, letter: Waiting): CallEnd | null {
  const { content } = letter
  const ended = (end: string, detail: string): CallEnd => ({ end, detail, block: nothing })
  const why = whyNotAllowed(machine, container, content, 'invoke')
  if (why !== null) return ended(why.status, why.detail)
  const { name, manager, program } = container
  const fate = machine.visits.fates.get(nameOfCall(letter))
  if (fate !== undefined) return ended(fate.status, fate.detail)
  if (program === null) return ended('no_invocation_point', `“${name}” has no invocation point`)
  if (manager === null) return ended('no_manager', `“${name}” has no manager`)
  return machine.containers.hasFailed(container)
    ? ended('manager_failed', machine.managers.at(manager)?.why ?? '')
    : null
}

/** The rules of `entrance` for who comes from afar. The kernel alone moves gates, so nothing changes between the look and the count. */
function mayEnter(machine: Machine, { slot }: Container, letter: Waiting): boolean {
  const { words } = machine.region
  const { heldMs } = machine.visits
  if (words.load(machine.region.machineWord('gate')) !== 0) return false
  const gate = words.load(machine.region.containerWord(slot, 'gate'))
  if (gate === containerGates.open) return true
  if (gate === containerGates.cutting) return false
  const { mixed, epoch } = letter.content
  if (mixed || epoch <= machine.containers.epoch(slot)) return true
  const nowMs = machine.clock.nowMs()
  const sinceMs = heldMs.get(letter) ?? nowMs
  heldMs.set(letter, sinceMs)
  return nowMs - sinceMs >= mostWaitMs
}

/** Lends it, or gives it to a thread that has nothing to do; without one another is started, if there is room, and it waits. */
function begin(machine: Machine, container: Container, letter: Waiting): boolean {
  if (lend(machine, container, letter)) return true
  const free = freeVisitor(machine)
  if (free !== null) {
    giveTo(machine, free, container, letter)
    return true
  }
  const waiting = machine.containers
    .live()
    .flatMap((each) => (each.letters?.waiting ?? []).filter((other) => isDue(machine, each, other)))
  startVisitor(machine, waiting.length)
  return false
}

function giveTo(
  machine: Machine,
  locus: VisitingLocus,
  container: Container,
  letter: Waiting,
): void {
  const { visitor } = locus
  const { slot, program } = container
  const { next } = visitor
  invariant(
    next !== null && visitor.visit === null && program !== null,
    'LO150: a visitor runs one invocation at a time',
    { id: locus.id },
  )
  const number = machine.visits.takeNumber()
  visitor.visit = { number, container, letter }
  visitor.next = null
  locus.container = slot
  machine.region.words.add(machine.region.containerWord(slot, 'frames'), 1)
  const { block, epoch } = letter.content
  const mixed = letter.content.mixed || machine.containers.epoch(slot) !== epoch
  const given = { number, container: slot, program, lent: false }
  next({ status: 'ok', visit: { ...given, block, epoch, mixed } })
}

/** The program has returned, or failed: taken and answered. */
export function visitIsOver(machine: Machine, locus: VisitingLocus, end: CallEnd): void {
  const { visitor, slot } = locus
  const { visit } = visitor
  invariant(visit !== null && slot !== null, 'LO150: what is over was begun', { id: locus.id })
  const { container, letter } = visit
  invariant(
    machine.containers.at(container.slot) === container,
    'LO150: a visitor of what went back has ended',
    { slot: container.slot },
  )
  const { region } = machine
  visitor.visit = null
  locus.container = nowhere
  region.words.store(region.locusWord(slot, 'container'), nowhere)
  region.words.store(region.locusWord(slot, 'depth'), 0)
  machine.capabilities.clear(capabilityTables.ofLocus(region.plan.shape, slot))
  region.words.add(region.containerWord(container.slot, 'frames'), -1)
  answerLetter(machine, container, letter, end)
}

/** The thread has ended. What it was at takes its container back, and is begun again, unless that has happened too often. */
export function visitorEnded(machine: Machine, locus: VisitingLocus, why: string): void {
  machine.visits.visitors.delete(locus)
  const { fate, visitor } = locus
  if (visitor.borrowed !== null) borrowedIsLost(machine, locus, why)
  if (visitor.visit !== null) visitIsLost(machine, { ...visitor.visit, fate, why })
}
