/**
 * Choosing the line: the greatest consistent set of points whose pages the managers have. Never below what was announced, unless
 * what was announced is damaged; then the sentence says so.
 */
import { asInterval, asPort, asToken, managerUpcalls } from '@katydid/abi'
import { ask, invariant, type Script } from '@katydid/actor'
import type { KeptLine } from '../kept/kept-lines.js'
import { isDemoted } from '../logged/level.js'
import type { Machine } from '../machine.js'
import { greatest } from '../state-interval/line/greatest.js'
import type { Point } from '../state-interval/line/line.js'
import { mergeInto } from '../state-interval/points.js'
import type { SavedContainer } from '../state-interval/records.js'
import type { KnownPoint } from './known-points.js'
import { problemOf, type Problem } from './problem.js'

/** A manager that starts reads its part of the log before it answers. */
export const answerMs = 60_000

export interface Choice {
  /** One for each unit that is not as it was made; of those that had ended too. */
  readonly points: readonly KnownPoint[]
  /** The newest epoch of which everything is there. */
  readonly epoch: number
  readonly damage: string | null
  /** An administrator chose this kept line. */
  readonly backTo?: KeptLine
}

/** The points to go back to; a problem when a manager did not answer; nil when nothing can be restored, and the world has failed. */
export function* chooseLine(
  machine: Machine,
  known: readonly KnownPoint[],
): Script<Choice | Problem | null> {
  // Visits that were found not to do again what they had done are no points; what they had received counts for the next.
  const lost = new Set(known.filter((each) => isVoid(machine, each)))
  const asked = new Map<string, boolean>()
  for (;;) {
    const chosen = choose(machine, known, lost)
    const before = lost.size
    for (const point of chosen) {
      const there = yield* isThere(machine, point, asked)
      if (typeof there !== 'boolean') return there
      if (there) continue
      lost.add(point)
      // With the snapshot go all points that are had from it.
      if (!machine.managers.isGivenUp(point.container?.manager ?? null))
        for (const each of known) if (hasSameImage(each, point)) lost.add(each)
    }
    if (lost.size === before) return choiceFrom(machine, chosen)
  }
}

/** What can be had of a machine that has lost everything in memory. */
export interface HavablePoints {
  /** By unit, rising; each with what it needs of others. */
  readonly points: ReadonlyMap<number, readonly Point[]>
  /** The same with what their records hold. */
  readonly known: readonly KnownPoint[]
  /** Units whose end is on the line, and how far they had come. */
  readonly ended: ReadonlyMap<number, number>
}

/** All points of which the pages are there; a problem when a manager did not answer. */
export function* havable(
  machine: Machine,
  known: readonly KnownPoint[],
): Script<HavablePoints | Problem> {
  const asked = new Map<string, boolean>()
  const lost = new Set<KnownPoint>()
  const byUnit = new Map<number, KnownPoint[]>()
  const ended = endedOnLine(machine, known)
  for (const point of withoutEnded(machine, known, ended).toSorted(
    (a, b) => a.interval - b.interval,
  )) {
    const there = yield* isThere(machine, point, asked)
    if (typeof there !== 'boolean') return there
    if (!there || isVoid(machine, point)) lost.add(point)
    byUnit.set(point.unit, [...(byUnit.get(point.unit) ?? []), point])
  }
  const points = [...byUnit].map(
    ([unit, list]) =>
      [unit, withoutLost(list, lost, (each) => needsOf(each, machine, ended))] as const,
  )
  return { points: new Map(points), known, ended }
}

const isVoid = (machine: Machine, { logged, container }: KnownPoint): boolean =>
  logged !== null && container !== null && isDemoted(machine, container)

const hasSameImage = (one: KnownPoint, other: KnownPoint): boolean =>
  one.unit === other.unit && one.container?.label === other.container?.label

function choose(
  machine: Machine,
  known: readonly KnownPoint[],
  lost: ReadonlySet<KnownPoint>,
): KnownPoint[] {
  const byUnit = new Map<number, KnownPoint[]>()
  const ended = endedOnLine(machine, known)
  for (const point of withoutEnded(machine, known, ended).toSorted(
    (a, b) => a.interval - b.interval,
  )) {
    const list = byUnit.get(point.unit) ?? []
    byUnit.set(point.unit, [...list, point])
  }
  invariant(
    known.every(({ capture }) => capture.durable),
    'SI13: only what is durable is gone back to',
    { known: known.length },
  )
  const candidates = new Map(
    [...byUnit].map(([unit, list]) => {
      return [unit, withoutLost(list, lost, (each) => needsOf(each, machine, ended))] as const
    }),
  )
  const intervals = greatest(candidates, ended)
  return [...intervals].map(([unit, interval]) =>
    byUnit.get(unit)!.find((each) => each.interval === interval)!,
  )
}

const isEnd = ({ container, semaphore }: KnownPoint): boolean =>
  container === null && semaphore === null

/**
 * Units whose end is on the line, and how far they had come: as the line says, or by an end of an epoch before the newest of which
 * everything is on the line.
 */
function endedOnLine(
  { captures: { over, line } }: Machine,
  known: readonly KnownPoint[],
): Map<number, number> {
  const ended = new Map(over)
  for (const point of known)
    if (isEnd(point) && point.epoch < line)
      ended.set(point.unit, Math.max(point.interval, ended.get(point.unit) ?? 0))
  return ended
}

/**
 * Nobody goes back before an end that is on the line. The record of the end may have been given up, while one that has an earlier point of the unit, copied
 * when that was still on the line, stands behind it. The line forgets ends, too; but of an epoch before its own it has every unit that there is.
 */
const withoutEnded = (
  { captures: { vector, line } }: Machine,
  known: readonly KnownPoint[],
  ended: ReadonlyMap<number, number>,
): KnownPoint[] =>
  known.filter(
    (point) =>
      point.interval >= (ended.get(point.unit) ?? 0) &&
      (isEnd(point) || vector.has(point.unit) || point.epoch >= line),
  )

/**
 * What the point needs of others. One on the line, or before it, has received nothing that is not on the line. So it needs nothing of
 * units that are not there: they had ended before, though what is newer than the line may know their numbers again, as others'.
 */
function needsOf(
  { unit, interval, dependencies }: KnownPoint,
  { captures: { vector } }: Machine,
  ended: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  if (interval > Math.max(vector.get(unit) ?? 0, ended.get(unit) ?? 0)) return dependencies
  return new Map([...dependencies].filter(([sender]) => vector.has(sender)))
}

/** Points that are there, with what they need; what a lost one had received counts for the next. */
function withoutLost(
  list: readonly KnownPoint[],
  lost: ReadonlySet<KnownPoint>,
  needs: (point: KnownPoint) => ReadonlyMap<number, number>,
): Point[] {
  const kept: Point[] = []
  let dependencies = new Map<number, number>()
  for (const point of list) {
    mergeInto(dependencies, needs(point))
    if (lost.has(point)) continue
    kept.push({ unit: point.unit, interval: point.interval, dependencies })
    dependencies = new Map()
  }
  return kept
}

/** These points, as a choice, and what is wrong with it; nil when nothing can be restored, and the world has failed. */
export function choiceFrom(machine: Machine, points: readonly KnownPoint[]): Choice | null {
  const { line, vector } = machine.captures
  const short = points.length === 0 ? vector.size > 0 : isShort(vector, points)
  const reached = Math.min(...points.map((each) => each.epoch))
  if (!short)
    return { points, epoch: points.length === 0 ? line : Math.max(line, reached), damage: null }
  invariant(line > 0, 'SI13: what was never announced is not missed', { line })
  if (points.length === 0) {
    const sentence = `capture ${line} was reported recoverable, and no capture can be restored`
    machine.fail('damaged', sentence)
    return null
  }
  const epoch = Math.min(line, reached)
  const damage = `capture ${line} was reported recoverable and cannot be restored; the world is back at ${epoch}`
  return { points, epoch, damage }
}

/** Whether a unit is further back than the line was. */
function isShort(vector: ReadonlyMap<number, number>, points: readonly KnownPoint[]): boolean {
  const reached = new Map(points.map(({ unit, interval }) => [unit, interval]))
  return [...vector].some(([unit, interval]) => (reached.get(unit) ?? 0) < interval)
}

function* isThere(
  machine: Machine,
  { container, interval }: KnownPoint,
  asked: Map<string, boolean>,
): Script<boolean | Problem> {
  if (container === null || container.manager === null || container.label === 0) return true
  // It cannot be asked: what was announced as recoverable holds, and nothing newer is relied on.
  if (machine.managers.isGivenUp(container.manager))
    return interval <= (machine.captures.vector.get(container.slot) ?? 0)
  const key = `${container.manager} ${container.token} ${container.label}`
  const there = asked.get(key) ?? (yield* askManager(machine, container))
  if (typeof there === 'boolean') asked.set(key, there)
  return there
}

function* askManager(machine: Machine, saved: SavedContainer): Script<boolean | Problem> {
  const port = asPort(saved.manager!)
  if (machine.managers.at(port)?.state !== 'running')
    return problemOf(port, `the manager of “${saved.name}” (port ${port}) does not run`)
  const args = { cont: asToken(saved.token), stateInterval: asInterval(saved.label) }
  const reply = yield* ask(
    machine.messenger,
    port,
    managerUpcalls.stateIntervalQuery,
    args,
    answerMs,
  )
  if (reply.status === 'ok') return reply.state === 'stable' || reply.state === 'recoverable'
  if (reply.status === 'no_such_container') return false
  return problemOf(
    port,
    `the manager of “${saved.name}” did not say what it has: ${reply.status}, ${reply.detail}`,
  )
}
