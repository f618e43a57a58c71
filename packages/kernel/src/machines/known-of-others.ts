/** What this machine has heard of the units of others: how far their line has come, and their durable points since. */
import { invariant } from '@katydid/actor'
import type { Point } from '../state-interval/line/line.js'

export class KnownOfOthers {
  /** The line of each unit, as far as is known. */
  readonly lines = new Map<number, number>()
  readonly #points = new Map<number, Point[]>()

  /** A point that has become durable; false when it was known. Points of a unit come rising. */
  learn(point: Point): boolean {
    const { unit, interval } = point
    const points = this.#points.get(unit) ?? []
    const newest = points.at(-1)?.interval ?? 0
    if (interval <= Math.max(newest, this.lines.get(unit) ?? 0)) return false
    this.#points.set(unit, [...points, point])
    return true
  }

  /** The line of the unit has come so far; points up to there are not needed any more. */
  raise(unit: number, line: number): void {
    if (line <= (this.lines.get(unit) ?? 0)) return
    this.lines.set(unit, line)
    const newer = (this.#points.get(unit) ?? []).filter(({ interval }) => interval > line)
    if (newer.length === 0) this.#points.delete(unit)
    else this.#points.set(unit, newer)
  }

  /** Points newer than the line. */
  points(): Point[] {
    return [...this.#points.values()].flat()
  }

  /** A recovery over machines: all points are told anew, and no line is beyond what was decided. */
  forget(back: Iterable<readonly [unit: number, end: number]>): void {
    this.#points.clear()
    for (const [unit, end] of back) {
      invariant(end >= 0, 'SI6: nobody goes back behind the beginning', { unit, end })
      if ((this.lines.get(unit) ?? 0) > end) this.lines.set(unit, end)
    }
  }
}
