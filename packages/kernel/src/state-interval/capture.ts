/**
 * An epoch: every container to which something happened is captured as soon as what lives in it has come to rest and whoever reaches
 * it by a mapping has been shut out, each by itself. What does not come to rest, or is not answered, in time is left as it is and named.
 */
import { managerUpcalls, refuse } from '@katydid/abi'
import { all, ask, invariant, run, type Script } from '@katydid/actor'
import { isAuditCopy, type Container } from '../container/container.js'
import { noteCapture } from '../logged/audit.js'
import { enterByPoints, isInByPoint } from '../logged/enter-epoch.js'
import { flushInputs } from '../logged/input-log.js'
import type { Machine } from '../machine.js'
import { beginBatch, closeBatch, type Batch } from './batch.js'
import type { Capture, CaptureOutcome, Tick } from './capture-table.js'
import { foundAgain } from './carry-over.js'
import { cutContainers, takeWriteAccess, type Wanted } from './cut.js'
import { giveUpPoints } from './give-up-points.js'
import { beginCut, isAtRest, movingIn, openGate, openGates, shutGate, shutGates } from './gate.js'
import { isIdle, noteState } from './idle.js'
import { advanceLine, feedPoints, settleLine } from './line.js'
import { drain } from './drain.js'
import { noteBusy, noteLate } from './lagging.js'
import { epochsOnTheWay, isSettling, lags, mostSettleMs } from './on-the-way.js'
import { areOut, isOverdue, shutOut, waitsForCompany, whoIsLate, type ShutOut } from './shut-out.js'
import { unitsOf } from './units.js'
import { becomeVolatile } from './volatile.js'

/** How long loci may take to come to rest. */
const restMs = 2_000
/** So long somebody may join while none of them has: what came in meanwhile is given the rest of the time. */
const joinMs = restMs / 2
/** How long managers may hold a container for their snapshots. */
const snapshotMs = 2_000
/** More epochs than this that are not stable: the disk or a manager does not keep up. */
const mostOutstanding = 64
/** With so many records a lazy world looks which of them the line can leave behind. */
const manyOutstanding = 8

/** Asks for an epoch. Who asks before anything of the one under way is cut joins it; else the next is its own. */
export function requestCapture(
  machine: Machine,
  done: (outcome: CaptureOutcome) => void,
  options: { readonly keepShut: boolean } = { keepShut: false },
): void {
  const { captures } = machine
  if (machine.phase !== 'open' && machine.phase !== 'stopping')
    done(refuse('frozen', `the world is ${machine.phase}; try again`))
  else if (machine.recoveryWanted !== null)
    done(refuse('frozen', `the world goes back to its line: ${machine.recoveryWanted}`))
  else if (captures.rendezvous?.joinable === true && !options.keepShut)
    captures.rendezvous.done.push(done)
  else if (captures.rendezvous !== null) captures.queued.push(done)
  else begin(machine, [done], options.keepShut)
}

function begin(
  machine: Machine,
  done: ((outcome: CaptureOutcome) => void)[],
  keepShut: boolean,
): void {
  const rendezvous = { joinable: true, done }
  machine.captures.rendezvous = rendezvous
  run(machine.messenger, takeEpoch(machine, keepShut), (outcome) => {
    machine.captures.rendezvous = null
    if (outcome.status !== 'ok' || outcome.busy.size + outcome.refused.size > 0)
      machine.counters.add('snapshotsFailed')
    for (const each of rendezvous.done) each(outcome)
    const { queued } = machine.captures
    machine.captures.queued = []
    for (const each of queued) requestCapture(machine, each)
  })
}

/** What an epoch has come to so far. */
interface Progress extends Tick {
  readonly busy: Map<number, string>
  readonly refused: Map<number, string>
  readonly beganMs: number
  readonly keepShut: boolean
  /** Containers of which only those who reach them by mappings still have to take note. */
  readonly shutting: Map<Container, ShutOut>
  heldMs: number
  restMs: number
}

function* takeEpoch(machine: Machine, keepShut: boolean): Script<CaptureOutcome> {
  const { captures, clock } = machine
  invariant(captures.rendezvous !== null, 'SI3: one capture at a time', {})
  const outstanding = epochsOnTheWay(machine).length
  if (outstanding >= mostOutstanding)
    return refuse('busy', `${outstanding} captures wait to become stable`)
  if (captures.newer.length >= manyOutstanding) settleLine(machine, 'pressure')
  const interrupted = interruption(machine)
  yield* machine.waits.until(() => interrupted() || !isSettling(machine), mostSettleMs)
  if (interrupted()) return interruptedOne(machine, [], false)
  noteLate(machine)
  const wantsDrain = lags(machine)
  if (keepShut || wantsDrain) shutGate(machine)
  const drains = wantsDrain && (yield* drain(machine, interrupted))
  if (interrupted()) return interruptedOne(machine, [], keepShut || wantsDrain)
  if (wantsDrain && !drains && !keepShut) openGate(machine)
  const epoch = captures.beginEpoch(clock.nowMs())
  captures.changesSeen = machine.changes
  captures.takenAtMs = clock.nowMs()
  const progress: Progress = {
    status: 'ok',
    epoch,
    busy: new Map(),
    refused: new Map(),
    failed: null,
    beganMs: clock.nowMs(),
    keepShut,
    shutting: new Map(),
    heldMs: 0,
    restMs: 0,
  }
  const pending = new Set(wantedIn(machine))
  shutGates(machine, pending)
  for (;;) {
    // Where nobody has to come to rest there is no moment for others to join.
    if (pending.size === 0) closeDoor(machine, pending, epoch)
    if (pending.size === 0) break
    const isOpen = captures.rendezvous.joinable
    const left = Math.max(0, progress.beganMs + (isOpen ? joinMs : restMs) - clock.nowMs())
    const isOver = (): boolean => isNobodyWaitedFor(machine, pending, progress)
    const ready = (): boolean =>
      interrupted() || moves(machine, pending, progress).length > 0 || isOver()
    const isReady = yield* machine.waits.until(ready, left)
    if (interrupted() || (!isReady && !isOpen)) break
    closeDoor(machine, pending, epoch)
    enterByPoints(machine, pending, epoch)
    const those = takeReady(machine, pending, progress)
    if (those.length === 0 && isOver()) break
    yield* captureThose(machine, those, progress)
  }
  if (interrupted()) return interruptedOne(machine, pending, keepShut || drains)
  spare(machine, pending, progress)
  giveUp(machine, pending, progress)
  noteBusy(machine, progress.busy, progress.refused)
  captureRest(machine, progress)
  const isWhole = progress.busy.size + progress.refused.size === 0
  if (!keepShut ? drains : !isWhole) openGate(machine)
  reportEpoch(machine, progress)
  // What was captured may need visits that it has heard of.
  machine.inputs.want()
  flushInputs(machine)
  return progress
}

/** Whether all that are left are of the epoch by their points. At the end of a world they are captured all the same. */
const isNobodyWaitedFor = (
  machine: Machine,
  pending: ReadonlySet<Container>,
  { epoch, keepShut, shutting }: Progress,
): boolean =>
  !keepShut &&
  shutting.size === 0 &&
  [...pending].every((each) => isInByPoint(machine, each, epoch))

/** Those that are of the epoch by their points go on without a capture, and are in nobody's way. */
function spare(machine: Machine, pending: Set<Container>, { epoch }: Progress): void {
  invariant(epoch === machine.captures.epoch, 'SI3: one capture at a time', { epoch })
  const those = [...pending].filter((each) => isInByPoint(machine, each, epoch))
  for (const container of those) {
    container.intervals.history.spared++
    pending.delete(container)
  }
  openGates(machine, those)
}

/**
 * Nobody joins from here on. What happened in an idle container since the epoch began is of those who joined, so it is captured too; what is idle now enters
 * the epoch as it is. Each is looked at once: who comes into one between two looks would have it in neither, and the epoch would lack it.
 */
function closeDoor(machine: Machine, pending: Set<Container>, epoch: number): void {
  const { rendezvous } = machine.captures
  invariant(rendezvous !== null, 'SI3: one capture at a time', {})
  if (!rendezvous.joinable) return
  rendezvous.joinable = false
  const more: Container[] = []
  for (const container of capturable(machine))
    if (isAuditCopy(container) || isIdle(machine, container)) {
      container.intervals.history.carryOver(epoch)
      machine.containers.enterEpoch(container.slot, epoch)
    } else if (!pending.has(container)) more.push(container)
  for (const each of more) pending.add(each)
  shutGates(machine, more)
}

/** Whether the world goes back to its line, so that what is under way here comes to nothing. */
function interruption(machine: Machine): () => boolean {
  const { session } = machine
  return () =>
    machine.session !== session ||
    machine.recoveryWanted !== null ||
    machine.phase === 'recovering' ||
    machine.phase === 'failed'
}

/** It comes to nothing, and nobody is left standing at a gate that it shut. Where all of the world goes back that opens the machine's gate. */
function interruptedOne(
  machine: Machine,
  pending: Iterable<Container>,
  isShut: boolean,
): CaptureOutcome {
  openGates(machine, pending)
  const isWhole = machine.phase === 'recovering' && machine.lost === 'world'
  if (isShut && !isWhole) openGate(machine)
  return refuse('frozen', 'the world went back to its line meanwhile')
}

const capturable = (machine: Machine): Container[] =>
  machine.containers.live().filter((each) => !each.selfManaged)

/** Containers to which something happened. */
const wantedIn = (machine: Machine): Container[] =>
  capturable(machine).filter((each) => !isAuditCopy(each) && !isIdle(machine, each))

/** Of those wanted, the ones with which something is to be done: they stand still, or those shut out have taken note, or did not. */
function moves(machine: Machine, pending: ReadonlySet<Container>, progress: Progress): Container[] {
  return [...pending].filter((each) => {
    const begun = progress.shutting.get(each)
    if (begun !== undefined) return areOut(machine, each, begun) || isOverdue(machine, begun)
    return isAtRest(machine, each) && !waitsForCompany(machine, each, pending, progress)
  })
}

/** Takes those out of `pending` that stand still, into which nobody can come and which nobody reaches any more. */
function takeReady(machine: Machine, pending: Set<Container>, progress: Progress): Container[] {
  const { shutting } = progress
  forgetDestroyed(machine, pending)
  const ready: Container[] = []
  for (const container of moves(machine, pending, progress)) {
    if (!shutting.has(container)) {
      if (!beginCut(machine, container)) continue
      shutting.set(container, shutOut(machine, container))
    }
    const begun = shutting.get(container)!
    if (areOut(machine, container, begun)) ready.push(container)
    else if (isOverdue(machine, begun)) giveUp(machine, new Set([container]), progress)
    else continue
    shutting.delete(container)
    pending.delete(container)
  }
  return ready
}

/** What was destroyed since the epoch began has its end for a point, and no other. */
function forgetDestroyed(machine: Machine, pending: Set<Container>): void {
  const gone = [...pending].filter((each) => !machine.containers.isThere(each))
  for (const each of gone) pending.delete(each)
  openGates(machine, gone)
}

function* captureThose(
  machine: Machine,
  containers: readonly Container[],
  progress: Progress,
): Script<void> {
  const { captures, clock } = machine
  if (containers.length === 0) return
  invariant(captures.rendezvous !== null, 'SI3: one capture at a time', {})
  captures.rendezvous.joinable = false
  const restedMs = clock.nowMs()
  progress.restMs = restedMs - progress.beganMs
  const interrupted = interruption(machine)
  const batch = beginBatch(machine, progress.epoch)
  const { wanted, anew } = cutContainers(machine, containers, batch.capture)
  for (const container of containers) {
    const point = container.intervals.history.newest
    if (point !== null) noteState(machine, container, point)
    // Of what has stopped at a visit there is nothing new to be written.
    if (point === null || point.logged === null) batch.add(container)
  }
  yield* takeSnapshots(machine, wanted, batch, progress.refused)
  takeWriteAccess(machine, anew, progress.epoch)
  if (interrupted()) {
    leave(machine, containers, batch)
    return
  }
  progress.heldMs += clock.nowMs() - restedMs
  const capture = closeBatch(machine, batch)
  for (const container of containers) {
    const { newest } = container.intervals.history
    if (newest?.capture === capture && newest.logged === null)
      noteCapture(machine, container, newest, () => requestCapture(machine, () => {}))
  }
  // Loci run again first: what is packed for the disk was copied at the cut.
  if (!progress.keepShut) openGates(machine, containers)
  run(machine.messenger, makeDurable(machine, capture, progress))
}

/** Something goes back before the record was made: nothing was captured. */
function leave(machine: Machine, containers: readonly Container[], batch: Batch): void {
  batch.undo()
  for (const { intervals } of containers) intervals.mustCapture = true
  for (const semaphore of machine.semaphores.known()) semaphore.changed = true
  openGates(machine, containers)
}

/** Has every manager concerned take its snapshot. Where one refuses, the container's capture comes to nothing. */
function* takeSnapshots(
  machine: Machine,
  wanted: readonly Wanted[],
  batch: Batch,
  refused: Map<number, string>,
): Script<void> {
  const asks = wanted.map(({ container, label }) => {
    invariant(container.manager !== null, 'SI2: what was written has a manager', {
      slot: container.slot,
    })
    const args = { cont: container.token, stateInterval: label }
    const { containerSnapshot } = managerUpcalls
    return ask(machine.messenger, container.manager, containerSnapshot, args, snapshotMs)
  })
  const replies = yield* all(machine.messenger, asks)
  for (const [index, reply] of replies.entries()) {
    const { container, label } = wanted[index]!
    if (reply.status === 'ok') continue
    if (reply.status === 'not_supported' && becomeVolatile(container, label)) {
      batch.empty(container)
      continue
    }
    const why = `the manager of “${container.name}” took no snapshot: ${reply.status}, ${reply.detail}`
    refused.set(container.slot, why)
    const image = container.intervals.points.get(label)
    if (image !== undefined) image.discarded = true
    container.intervals.mustCapture = true
    batch.remove(container)
  }
}

/** Those that did not come to rest go on as they are; messages of this epoch need not wait for them. */
function giveUp(machine: Machine, pending: ReadonlySet<Container>, progress: Progress): void {
  for (const container of pending) {
    const begun = progress.shutting.get(container)
    const why =
      begun === undefined
        ? `${movingIn(machine, container)} did not come to rest within ${restMs / 1000} s`
        : `${whoIsLate(machine, container, begun)}, which reaches it by a mapping, ran on without an access to memory`
    progress.busy.set(container.slot, why)
    const mixed = machine.region.containerWord(container.slot, 'mixed')
    machine.region.words.store(mixed, progress.epoch)
  }
  openGates(machine, pending)
}

/** Semaphores and ends that no record of the epoch has yet. */
function captureRest(machine: Machine, progress: Progress): void {
  const batch = beginBatch(machine, progress.epoch)
  if (batch.isEmpty) {
    feedPoints(machine)
    advanceLine(machine)
    return
  }
  run(machine.messenger, makeDurable(machine, closeBatch(machine, batch), progress))
}

function* makeDurable(machine: Machine, capture: Capture, progress: Tick): Script<void> {
  const visits = capture.carried.flatMap((each) => each.visits ?? [])
  const written = yield* machine.log.write([capture.record, ...visits])
  // Nothing of it is left when all that it holds has gone back meanwhile.
  if (!machine.captures.newer.includes(capture)) return
  if (written.status === 'ok') {
    capture.durable = true
    foundAgain(capture)
    feedPoints(machine)
    advanceLine(machine)
    giveUpPoints(machine)
    return
  }
  progress.failed = `the disk did not take capture ${capture.epoch}: ${written.status}, ${written.detail}`
  const { status } = written
  undo(machine, capture)
  const { epoch, failed: detail } = progress
  machine.report({ kind: 'capture_failed', capture: epoch, status, detail })
  // After a refusal by the device itself the disk takes nothing more: no later capture could do better.
  if (status === 'io_error') machine.fail(status, detail)
}

/** Its record is not on the disk: its points never count, and what they held is to be captured again. */
function undo(machine: Machine, capture: Capture): void {
  const { captures, semaphores } = machine
  invariant(!capture.durable, 'SI21: what is durable is not given up', { id: capture.id })
  captures.drop(capture)
  for (const { history } of unitsOf(machine)) history.dropOf(capture)
  for (const semaphore of semaphores.known()) semaphore.changed = true
}

function reportEpoch(machine: Machine, { epoch, heldMs, restMs: rendezvousMs }: Progress): void {
  const heldUs = Math.round(heldMs * 1000)
  const rendezvousUs = Math.round(rendezvousMs * 1000)
  machine.counters.add('snapshots')
  machine.counters.add('heldUs', heldUs)
  machine.counters.max('heldMaxUs', heldUs)
  machine.counters.add('rendezvousUs', rendezvousUs)
  machine.counters.max('rendezvousMaxUs', rendezvousUs)
  machine.report({ kind: 'captured', capture: epoch, heldUs, rendezvousUs })
}
