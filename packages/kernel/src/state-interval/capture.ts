/**
 * Capturing the whole world: shut the gate, wait for rest, cut, have managers take their snapshots, open the gate, write
 * the record. What does not come to rest, or is not answered, in time leaves the world as it was and says so.
 */
import { managerUpcalls, refuse } from '@katydid/abi'
import { all, ask, invariant, run, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Capture, CaptureOutcome } from './capture-table.js'
import { cutWorld, type Cut } from './cut.js'
import { allAtRest, openGate, shutGate } from './gate.js'
import { advanceLine } from './line.js'
import { mergeInto } from './points.js'
import { becomeVolatile, withoutVolatile } from './volatile.js'

/** How long loci may take to come to rest. */
const restMs = 2_000
/** How long managers may hold the world for their snapshots. */
const snapshotMs = 2_000
/** More captures than this without a line between them: the disk or a manager does not keep up. */
const mostOutstanding = 64

/** Asks for a capture. Who asks before the loci of the one under way are at rest joins it; else the next is its own. */
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
  run(machine.messenger, takeCapture(machine, keepShut), (outcome) => {
    machine.captures.rendezvous = null
    if (outcome.status !== 'ok') machine.counters.add('snapshotsFailed')
    for (const each of rendezvous.done) each(outcome)
    const { queued } = machine.captures
    machine.captures.queued = []
    for (const each of queued) requestCapture(machine, each)
  })
}

function* takeCapture(machine: Machine, keepShut: boolean): Script<CaptureOutcome> {
  const { captures, clock, session } = machine
  invariant(captures.rendezvous !== null, 'SI3: one capture at a time', {})
  if (captures.newer.length >= mostOutstanding)
    return refuse('busy', `${captures.newer.length} captures wait to become recoverable`)
  const beganMs = clock.nowMs()
  const interrupted = (): boolean =>
    machine.session !== session ||
    machine.recoveryWanted !== null ||
    machine.phase === 'recovering' ||
    machine.phase === 'failed'
  shutGate(machine)
  yield* machine.waits.until(() => interrupted() || allAtRest(machine), restMs)
  if (interrupted()) return refuse('frozen', 'the world went back to its line meanwhile')
  if (!allAtRest(machine)) {
    openGate(machine)
    return refuse('busy', `${movingLoci(machine)} did not come to rest within ${restMs / 1000} s`)
  }
  captures.rendezvous.joinable = false
  const restedMs = clock.nowMs()
  captures.changesSeen = machine.changes
  captures.takenAtMs = restedMs
  const capture = captures.next
  const cut = cutWorld(machine, capture)
  const refused = yield* takeSnapshots(machine, cut)
  if (interrupted()) return refuse('frozen', 'the world went back to its line meanwhile')
  if (refused !== null) {
    abandon(cut)
    openGate(machine)
    return refuse('manager_failed', refused)
  }
  const taken = captures.take(() => withoutVolatile(machine, cut.record), machine.log.position)
  for (const locus of machine.loci.all())
    if (locus.end !== null && locus.heldBack === null && locus.endedInCapture === 0)
      locus.endedInCapture = taken.id
  const heldMs = clock.nowMs() - restedMs
  // Loci run again first: what is packed for the disk was copied at the cut.
  if (!keepShut) openGate(machine)
  run(machine.messenger, makeDurable(machine, taken))
  reportCapture(machine, taken, heldMs, restedMs - beganMs)
  return { status: 'ok', capture: taken }
}

/** Has every manager concerned take its snapshot; what went wrong, or nil. */
function* takeSnapshots(machine: Machine, cut: Cut): Script<string | null> {
  const asks = cut.snapshots.map(({ container, label }) => {
    invariant(container.manager !== null, 'SI2: what was written has a manager', {
      slot: container.slot,
    })
    const args = { cont: container.token, stateInterval: label }
    return ask(
      machine.messenger,
      container.manager,
      managerUpcalls.containerSnapshot,
      args,
      snapshotMs,
    )
  })
  const replies = yield* all(machine.messenger, asks)
  for (const [index, reply] of replies.entries()) {
    const { container, label } = cut.snapshots[index]!
    if (reply.status === 'not_supported' && becomeVolatile(container, label)) continue
    if (reply.status !== 'ok')
      return `the manager of “${container.name}” took no snapshot: ${reply.status}, ${reply.detail}`
  }
  return null
}

/** A cut that came to nothing: its names stay used, what it had noted counts for the next. */
function abandon(cut: Cut): void {
  for (const { container, label } of cut.snapshots) {
    const { intervals } = container
    const point = intervals.points.get(label)
    if (point !== undefined) {
      point.discarded = true
      mergeInto(intervals.owed, point.dependencies)
    }
    intervals.mustCapture = true
  }
}

function* makeDurable(machine: Machine, capture: Capture): Script<void> {
  const { session } = machine
  const written = yield* machine.log.write([capture.record])
  if (machine.session !== session) return
  if (written.status === 'ok') {
    capture.durable = true
    advanceLine(machine)
    return
  }
  capture.failed = `the disk did not take capture ${capture.id}: ${written.status}, ${written.detail}`
  machine.captures.drop(capture)
  const { status } = written
  machine.report({ kind: 'capture_failed', capture: capture.id, status, detail: capture.failed })
  // After a refusal by the device itself the disk takes nothing more: no later capture could do better.
  if (status === 'io_error') machine.fail(status, capture.failed)
}

function reportCapture(
  machine: Machine,
  capture: Capture,
  heldMs: number,
  rendezvousMs: number,
): void {
  const heldUs = Math.round(heldMs * 1000)
  const rendezvousUs = Math.round(rendezvousMs * 1000)
  machine.counters.add('snapshots')
  machine.counters.add('heldUs', heldUs)
  machine.counters.max('heldMaxUs', heldUs)
  machine.counters.add('rendezvousUs', rendezvousUs)
  machine.counters.max('rendezvousMaxUs', rendezvousUs)
  machine.report({ kind: 'captured', capture: capture.id, heldUs, rendezvousUs })
}

function movingLoci(machine: Machine): string {
  const names = machine.loci
    .live()
    .map((each) => (each.name === '' ? `locus ${each.id}` : each.name))
  return names.length === 0 ? 'a locus' : names.join(', ')
}
