/**
 * Running what loci of other machines invoke. The letter waits in the container, in every point of it, until its program has returned; then it is taken and answered in one
 * step. While the program runs it is counted as an invocation, so the container is not captured. A thread that is lost takes the container back to before the
 * letter was begun, and it is begun again.
 */
import { capabilityTables, containerGates, masterRights, type ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { newLocus } from '../locus/locus.js'
import { startLocus } from '../locus/start.js'
import type { Machine } from '../machine.js'
import type { Waiting } from '../machines/letters.js'
import { requestRecovery } from '../recovery/request.js'
import { whyNotAllowed } from './allowed-from-afar.js'
import { answerLetter } from './answer-letter.js'
import type { CallEnd } from './far-calls.js'
import { nameOfCall, type Visitor } from './visit-table.js'
import type { Locus } from '../locus/locus.js'

type VisitingLocus = Locus & { readonly visitor: Visitor }

/** A thread for which nothing comes ends after so long. */
const idleMs = 500
/** As an invocation here: after so long it goes in although the capture it waits for was not taken. */
const mostWaitMs = 2_500
const lookMs = 20
/** A call whose thread is lost this often within a minute is not run again. */
const mostLosses = 5
const lossWindowMs = 60_000

const nowhere = -1 as ContainerSlot
const nothing = new Uint8Array(0)

/** Begins what can be begun; milliseconds until more could be. */
export function runVisits(machine: Machine): number {
  if (machine.across === null) return Infinity
  let next = leaveIdle(machine)
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
  return next
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

/** Gives it to a thread that has nothing to do; without one another is started, if there is room, and it waits. */
function begin(machine: Machine, container: Container, letter: Waiting): boolean {
  const { visitors } = machine.visits
  const free = [...visitors].find(({ visitor }) => visitor.next !== null)
  if (free !== undefined) {
    giveTo(machine, free, container, letter)
    return true
  }
  const starting = [...visitors].filter(({ visitor: { visit, next } }) => !visit && !next)
  const waiting = machine.containers
    .live()
    .flatMap((each) => (each.letters?.waiting ?? []).filter((other) => isDue(machine, each, other)))
  if (starting.length < waiting.length) startVisitor(machine)
  return false
}

function startVisitor(machine: Machine): void {
  const visitor: Visitor = { visit: null, next: null, idleSinceMs: machine.clock.nowMs() }
  const locus = newLocus({
    id: machine.loci.takeId(),
    name: '',
    container: nowhere,
    program: { module: '', entry: '', hash: '' },
    block: nothing,
    rights: masterRights,
    visitor,
  })
  if (startLocus(machine, locus, null)) machine.visits.visitors.add(locus as VisitingLocus)
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
  next({ status: 'ok', visit: { number, container: slot, program, block, epoch, mixed } })
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

/** Threads for which nothing came end; milliseconds until one might. */
function leaveIdle(machine: Machine): number {
  const nowMs = machine.clock.nowMs()
  let soonest = Infinity
  for (const { visitor } of machine.visits.visitors) {
    if (visitor.next === null) continue
    const leftMs = visitor.idleSinceMs + idleMs - nowMs
    if (leftMs > 0) soonest = Math.min(soonest, leftMs)
    else letGoOf(visitor)
  }
  return soonest
}

function letGoOf(visitor: Visitor): void {
  visitor.next?.({ status: 'ok', visit: null })
  visitor.next = null
}

/** The thread has ended. What it was at takes its container back, and is begun again, unless that has happened too often. */
export function visitorEnded(machine: Machine, locus: VisitingLocus, why: string): void {
  const { visits, clock } = machine
  visits.visitors.delete(locus)
  const { visit } = locus.visitor
  if (visit === null || machine.phase === 'failed') return
  const { container, letter } = visit
  // It went back already, or does.
  if (machine.containers.at(container.slot) !== container) return
  if (
    machine.phase === 'recovering' &&
    (machine.lost === 'world' || machine.going.has(container.slot))
  )
    return
  const name = nameOfCall(letter)
  const nowMs = clock.nowMs()
  const recent = (visits.losses.get(name) ?? []).filter((at) => nowMs - at < lossWindowMs)
  visits.losses.set(name, [...recent, nowMs])
  if (locus.fate !== null) visits.fates.set(name, locus.fate)
  else if (recent.length >= mostLosses)
    visits.fates.set(name, {
      status: 'locus_lost',
      detail: `the thread that ran it was lost ${recent.length + 1} times in a minute (${why})`,
    })
  requestRecovery(
    machine,
    `a locus that another machine’s invocation ran in “${container.name}” was lost (${why})`,
    new Set([container.slot]),
  )
}
