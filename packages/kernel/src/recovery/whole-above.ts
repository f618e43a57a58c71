/**
 * A machine of several that has lost everything in memory: what it comes back to may be above the line, as it has received of what others have in memory
 * only. Its line is what could be had after any further loss, and points above it stay points.
 */
import { asInterval } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { noIntervals, type IntervalRecord } from '../container/container.js'
import type { Machine } from '../machine.js'
import { History, type UnitPoint } from '../state-interval/history.js'
import type { Point } from '../state-interval/line/line.js'
import type { Choice } from './choose.js'
import { knownPoints, type KnownPoint } from './known-points.js'
import { note } from './note.js'
import { baseOf } from './restore.js'
import type { DecidedWhole } from './whole.js'

/**
 * The line, and what its units go back to, are on the disk; null when the disk did not take it, and the world has failed. `havable` says what points need of
 * others.
 */
export function* decideAbove(
  machine: Machine,
  line: Choice,
  points: readonly KnownPoint[],
  havable: ReadonlyMap<number, readonly Point[]>,
): Script<DecidedWhole | null> {
  const { captures } = machine
  const known = knownPoints(machine)
  const to = new Map(points.map(({ unit, interval }) => [unit, interval]))
  captures.vector = new Map()
  captures.line = line.epoch
  for (const { unit, interval, container, semaphore } of line.points) {
    invariant(interval <= (to.get(unit) ?? 0), 'SI174: nobody comes back below the line', { unit })
    if (container !== null || semaphore !== null) captures.vector.set(unit, interval)
    else {
      captures.over.set(unit, interval)
      captures.ends.push({ unit, epoch: line.epoch })
    }
  }
  const units = [...new Set(known.map(({ unit }) => unit))]
  const back = units.map((unit): [number, number] => [unit, to.get(unit) ?? 0])
  machine.choices = known.filter(({ unit, interval }) => interval <= (to.get(unit) ?? 0))
  if (!(yield* note(machine, { rolledBack: false, back }))) return null
  const above = new Map<number, IntervalRecord>()
  for (const point of points) {
    const record = recordAbove(machine, point, known, havable.get(point.unit) ?? [])
    if (record !== null) above.set(point.unit, record)
  }
  return { points, above, backTo: undefined, kept: new Map() }
}

/** What is known of a container that comes back above its line; nil: it does not. */
function recordAbove(
  machine: Machine,
  point: KnownPoint,
  known: readonly KnownPoint[],
  havable: readonly Point[],
): IntervalRecord | null {
  const { vector, line: made } = machine.captures
  const line = vector.get(point.unit) ?? 0
  if (point.container === null || point.interval <= line) return null
  const of = (interval: number): KnownPoint | undefined =>
    known.find((each) => each.unit === point.unit && each.interval === interval)
  const base = of(line) ?? null
  const newer = havable.filter(({ interval }) => interval > line && interval <= point.interval)
  const pointsAbove = newer.map((each) => unitPoint(of(each.interval)!, each.dependencies))
  const recoverable = base?.container?.label ?? 0
  const history = new History(made, base === null ? null : baseOf(base, recoverable))
  history.newer = pointsAbove
  const images = pointsAbove.map(({ image }) => image).filter((image) => image > recoverable)
  const stable = { stable: true, discarded: false }
  return {
    ...noIntervals(),
    label: asInterval(point.container.label),
    recoverable: asInterval(recoverable),
    points: new Map(images.map((image) => [image, { ...stable }])),
    history,
  }
}

const unitPoint = (
  { interval, capture, epoch, container }: KnownPoint,
  dependencies: ReadonlyMap<number, number>,
): UnitPoint => ({
  interval,
  image: container?.label ?? 0,
  dependencies: new Map(dependencies),
  capture,
  epoch,
  fed: false,
  logged: null,
  equals: null,
})
