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

/** All points of which the pages are there, by unit, rising; a problem when a manager did not answer. */
export function* havable(
  machine: Machine,
  known: readonly KnownPoint[],
): Script<ReadonlyMap<number, readonly KnownPoint[]> | Problem> {
  const asked = new Map<string, boolean>()
  const lost = new Set<KnownPoint>()
  const byUnit = new Map<number, KnownPoint[]>()
  for (const point of known.toSorted((a, b) => a.interval - b.interval)) {
    const there = yield* isThere(machine, point, asked)
    if (typeof there !== 'boolean') return there
    if (!there || isVoid(machine, point)) lost.add(point)
    byUnit.set(point.unit, [...(byUnit.get(point.unit) ?? []), point])
  }
  return new Map([...byUnit].map(([unit, list]) => [unit, withoutLost(list, lost)]))
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
  const { vector } = machine.captures
  const names = new Set([...vector.keys(), ...known.map(({ unit }) => unit)])
  for (const point of known.toSorted((a, b) => a.interval - b.interval)) {
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
      const left = withoutLost(list, lost)
      return [unit, left.map((each) => withoutEnded(each, vector, names))] as const
    }),
  )
  const intervals = greatest(candidates, machine.captures.over)
  return [...intervals].map(([unit, interval]) =>
    byUnit.get(unit)!.find((each) => each.interval === interval)!,
  )
}

/** What is on the line needs nothing of units of which nothing is left: they had ended before. */
function withoutEnded(
  point: KnownPoint,
  vector: ReadonlyMap<number, number>,
  names: ReadonlySet<number>,
): KnownPoint {
  if (point.interval > (vector.get(point.unit) ?? 0)) return point
  const needs = [...point.dependencies].filter(([unit]) => names.has(unit))
  return { ...point, dependencies: new Map(needs) }
}

/** Points that are there; what a lost one had received counts for the next. */
function withoutLost(list: readonly KnownPoint[], lost: ReadonlySet<KnownPoint>): KnownPoint[] {
  const kept: KnownPoint[] = []
  let owed = new Map<number, number>()
  for (const point of list) {
    const dependencies = new Map(owed)
    for (const [unit, interval] of point.dependencies)
      dependencies.set(unit, Math.max(interval, dependencies.get(unit) ?? 0))
    if (lost.has(point)) owed = dependencies
    else {
      kept.push({ ...point, dependencies })
      owed = new Map()
    }
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
