/**
 * Puts points into order before they are fed: managers report them stable in any order, and the engine wants each unit's rising.
 *
 * A point is held until every earlier one of its unit is stable or discarded. One that is discarded before it was fed leaves
 * what it had received to the next point of its unit, which has received it too. It never feeds a point twice.
 */
import { invariant } from '@katydid/actor'
import type { Point } from './line.js'

interface Held {
  readonly interval: number
  dependencies: ReadonlyMap<number, number>
  state: 'volatile' | 'stable'
}

interface Row {
  /** The highest interval ever opened. */
  newest: number
  /** Points that are neither fed nor discarded, rising. */
  held: Held[]
  /** What discarded points leave to the next one that is opened. */
  owed: ReadonlyMap<number, number>
}

const nothing: ReadonlyMap<number, number> = new Map()

export class PointOrder {
  readonly #rows = new Map<number, Row>()
  readonly #feed: (point: Point) => void

  /** `feed` takes each point when it and all earlier ones of its unit are stable or discarded. */
  constructor(feed: (point: Point) => void) {
    this.#feed = feed
  }

  /** A snapshot was taken, or an interval logged: volatile as yet. Points of a unit are opened in rising order. */
  open(point: Point): void {
    const row = this.#row(point.unit)
    invariant(point.interval > row.newest, 'SI42: points of a unit are opened in rising order', {
      unit: point.unit,
      interval: point.interval,
      newest: row.newest,
    })
    row.newest = point.interval
    const dependencies = merged(point.dependencies, row.owed)
    row.owed = nothing
    row.held.push({ interval: point.interval, dependencies, state: 'volatile' })
  }

  /** The point survives a power cut. Of a point that was fed or discarded it changes nothing. */
  stable(unit: number, interval: number): void {
    const row = this.#row(unit)
    invariant(interval <= row.newest, 'SI42: only what was opened is stable', { unit, interval })
    const point = row.held.find((each) => each.interval === interval)
    if (point === undefined) return
    point.state = 'stable'
    this.#release(unit, row)
  }

  /**
   * The point is given up. One that was fed stays with the engine: whoever allows it to be discarded knows that no line can
   * need it any more.
   */
  discard(unit: number, interval: number): void {
    const row = this.#row(unit)
    invariant(interval <= row.newest, 'SI42: only what was opened is discarded', { unit, interval })
    const at = row.held.findIndex((each) => each.interval === interval)
    if (at === -1) return
    const { dependencies } = row.held[at]!
    const next = row.held[at + 1]
    if (next === undefined) row.owed = merged(dependencies, row.owed)
    else next.dependencies = merged(dependencies, next.dependencies)
    row.held.splice(at, 1)
    this.#release(unit, row)
  }

  /** Forgets a unit that has ended. */
  forget(unit: number): void {
    this.#rows.delete(unit)
  }

  /** Points opened that are neither fed nor discarded. */
  heldCount(unit: number): number {
    return this.#rows.get(unit)?.held.length ?? 0
  }

  #release(unit: number, row: Row): void {
    while (row.held[0]?.state === 'stable') {
      const { interval, dependencies } = row.held.shift()!
      this.#feed({ unit, interval, dependencies })
    }
  }

  #row(unit: number): Row {
    let row = this.#rows.get(unit)
    if (row === undefined) {
      row = { newest: 0, held: [], owed: nothing }
      this.#rows.set(unit, row)
    }
    return row
  }
}

/** The higher interval of each sender. */
function merged(
  one: ReadonlyMap<number, number>,
  other: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  if (other.size === 0) return one
  const all = new Map(one)
  for (const [unit, interval] of other) all.set(unit, Math.max(all.get(unit) ?? 0, interval))
  return all
}
