/** A recovery of all of a machine: prepared, decided, applied. */
import { managerUpcalls } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { killDead } from '../capability/group-calls.js'
import { keepTold, partWith, takeUp } from '../kept/go-back.js'
import { withChain } from '../logged/chain.js'
import { noteLogged, replayAll } from '../logged/replay.js'
import type { IntervalRecord } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Capture } from '../state-interval/capture-table.js'
import { groupsOf } from '../state-interval/home.js'
import type { LineRecord, SavedLocus } from '../state-interval/records.js'
import { restartEngine } from '../state-interval/engine-again.js'
import { saveLocus } from '../state-interval/saved.js'
import { bringUpAll } from './bring-up.js'
import type { Choice } from './choose.js'
import { clearMemory, forgetContainers, forgetLoci, stopLoci } from './clear.js'
import { knownPoints, type KnownPoint } from './known-points.js'
import { note } from './note.js'
import { outputGoesBack } from './output-back.js'
import type { Problem } from './problem.js'
import { heldBy, restoreContainers, restoreLoci, restoreSemaphores } from './restore.js'
import { phaseOf, wanted } from './under-way.js'

/** Everything stands still, and managers run; what went wrong, or nil. */
export function* prepareWhole(machine: Machine, reason: string): Script<Problem | null> {
  machine.session++
  machine.captures.queued
    .splice(0)
    .forEach((each) => each({ status: 'frozen', detail: 'the world goes back to its line' }))
  if (!(yield* stopLoci(machine, reason))) {
    machine.fail(
      'manager_failed',
      'a locus’s thread, or the disk, did not stop in time for a recovery',
    )
    return null
  }
  if (!(yield* clearMemory(machine))) {
    machine.fail('io_error', 'a transfer of the disk did not end in time for a recovery')
    return null
  }
  if (!(yield* note(machine, { rolledBack: false, back: [] }))) return null
  return yield* bringUpAll(machine)
}

/** What was announced and cannot be had is said. */
export function noteDamage(machine: Machine, { damage }: Choice): void {
  machine.damage = [machine.damage, damage].filter((each) => each !== null).join('; ') || null
}

/** What has to be known of a choice from its record until all is back. */
export interface DecidedWhole {
  /** What is restored. */
  readonly points: readonly KnownPoint[]
  /** What is known of units that come back above the line. */
  readonly above: ReadonlyMap<number, IntervalRecord>
  readonly backTo: Choice['backTo']
  /** Snapshots that managers keep all the same, by unit. */
  readonly kept: ReadonlyMap<number, number>
}

/** The choice becomes the line, on the disk; null when the disk did not take it, and the world has failed. */
export function* decideWhole(machine: Machine, choice: Choice): Script<DecidedWhole | null> {
  const { points, epoch, backTo } = choice
  const { captures } = machine
  if (backTo !== undefined) takeUp(machine, backTo, points)
  const told = backTo === undefined ? null : keepTold(machine, backTo, points)
  const kept = backTo === undefined ? imagesToKeep(machine, points) : new Map<number, number>()
  const chosen = new Map(points.map(({ unit, interval }) => [unit, interval]))
  // Another attempt chooses from these: what was newer is void from now on.
  machine.choices =
    backTo === undefined
      ? knownPoints(machine).filter(({ unit, interval }) => interval <= (chosen.get(unit) ?? 0))
      : points.flatMap(withChain)
  captures.vector = new Map()
  captures.line = epoch
  for (const { unit, interval, container, semaphore } of points) {
    if (container !== null || semaphore !== null) captures.vector.set(unit, interval)
    else {
      captures.over.set(unit, interval)
      captures.ends.push({ unit, epoch })
    }
  }
  const how = { rolledBack: true, back: [], ...backToOf(backTo) }
  if (!(yield* note(machine, how, told === null ? [] : [told]))) return null
  return { points, above: new Map(), backTo, kept }
}

/** All of the world goes back to what was decided; what went wrong, or nil. */
export function* applyWhole(machine: Machine, decided: DecidedWhole): Script<Problem | null> {
  const { points, above, backTo, kept } = decided
  const { captures } = machine
  invariant(machine.phase !== 'open', 'SI15: what goes back is not open', {})

  if (backTo !== undefined) yield* partWith(machine, points)
  const homeless = homelessOf(machine)
  forgetContainers(
    machine,
    points.flatMap(({ container }) => container ?? []),
  )
  restoreGroups(machine, points)
  const problem = yield* restoreContainers(machine, points, above, kept)
  if (problem !== null) return problem
  outputGoesBack(machine, points)
  restoreSemaphores(machine, points)
  const isOnLine = ({ unit, interval }: KnownPoint): boolean =>
    interval <= (captures.vector.get(unit) ?? 0)
  const held = [
    ...heldBy(points, isOnLine),
    ...homeless.map((saved) => ({ saved, interval: 1, told: true })),
  ]
  const saved = held.map((each) => each.saved)
  const before = forgetLoci(machine, saved)
  // What became of them since never happened.
  restoreLoci(machine, held, backTo === undefined ? before : new Map())
  killDead(machine)
  machine.restored = { points, loci: saved }
  captures.newer = capturesIn(above)
  restartEngine(machine)
  const differing = yield* replayAll(machine, points)
  if (differing !== null) machine.recoveryWanted ??= differing
  if (wanted(machine) !== null || phaseOf(machine) === 'failed') return null
  noteLogged(machine, points)
  if (kept.size > 0) tellBaselines(machine)
  return null
}

/** Captures with points above the line, rising. */
function capturesIn(above: ReadonlyMap<number, IntervalRecord>): Capture[] {
  const captures = [...above.values()].flatMap(({ history }) =>
    history.newer.map(({ capture }) => capture),
  )
  return [...new Set(captures)].toSorted((a, b) => a.id - b.id)
}

/**
 * As long as something is to be done again, and may turn out to differ, managers keep the snapshots from the line on; by unit. Where
 * there is nothing of the kind they keep what the world goes back to.
 */
function imagesToKeep(machine: Machine, points: readonly KnownPoint[]): Map<number, number> {
  if (points.every(({ logged }) => logged === null)) return new Map()
  const { vector } = machine.captures
  const images = new Map(points.map(({ unit }) => [unit, 0]))
  for (const { unit, interval, container } of knownPoints(machine))
    if (vector.get(unit) === interval) images.set(unit, container?.label ?? 0)
  return images
}

/** All of it is there: what managers kept of earlier snapshots is needed no more. */
function tellBaselines(machine: Machine): void {
  for (const { selfManaged, manager, token, intervals } of machine.containers.live()) {
    if (selfManaged || manager === null || intervals.recoverable === 0) continue
    const args = { cont: token, stateInterval: intervals.recoverable }
    machine.messenger.call(manager, managerUpcalls.snapshotIsRecoverable, args, () => {})
  }
}

/** Loci that have ended and whose containers are gone: no unit holds them. */
function homelessOf(machine: Machine): SavedLocus[] {
  if (machine.bootPoints.length > 0) return [...machine.bootLoci]
  return machine.loci
    .all()
    .filter(({ end, told, container }) => {
      return end !== null && told && machine.containers.at(container) === null
    })
    .map((each) => saveLocus(machine, each))
}

/** Permission groups: before the tables that refer to them. */
function restoreGroups(machine: Machine, points: readonly KnownPoint[]): void {
  const held = points.flatMap(({ container, semaphore }) => [
    ...(container?.groups ?? []),
    ...(semaphore?.groups ?? []),
  ])
  const others = machine.bootPoints.length > 0 ? machine.bootGroups : groupsOf(machine, null)
  machine.groups.restore([...held, ...others], machine.groups.next)
}

const backToOf = (kept: Choice['backTo']): Pick<LineRecord, 'backTo'> =>
  kept === undefined ? {} : { backTo: kept.record.line }
