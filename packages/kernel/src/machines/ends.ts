/**
 * Intervals that were gone back over. Of a unit that went back to `end`, whatever it had done up to `ceiling` never was; intervals are never used twice, so
 * what it does afterwards lies above. What never was stays so: ends only come to be more.
 */
import { invariant } from '@katydid/actor'

/** Intervals of a unit after `end`, up to `ceiling`, never were. */
export interface Ended {
  readonly unit: number
  readonly end: number
  readonly ceiling: number
}

export class Ends {
  readonly #rows = new Map<number, Ended[]>()

  get all(): Ended[] {
    return [...this.#rows.values()].flat()
  }

  /** In any order: rows of other machines come late, and say less or more. */
  add({ unit, end, ceiling }: Ended): void {
    invariant(end < ceiling, 'SI166: a unit goes back', { unit, end, ceiling })
    const rows = this.#rows.get(unit) ?? []
    const isApart = (row: Ended): boolean => row.ceiling < end || row.end > ceiling
    const near = rows.filter((row) => !isApart(row))
    const joined = {
      unit,
      end: Math.min(end, ...near.map((row) => row.end)),
      ceiling: Math.max(ceiling, ...near.map((row) => row.ceiling)),
    }
    this.#rows.set(unit, [...rows.filter(isApart), joined])
  }

  /** Whether that interval of the unit never was. */
  has(unit: number, interval: number): boolean {
    return (this.#rows.get(unit) ?? []).some((row) => interval > row.end && interval <= row.ceiling)
  }

  /** Whether any of these was received of an interval that never was. */
  hasAny(received: Iterable<readonly [unit: number, interval: number]>): boolean {
    for (const [unit, interval] of received) if (this.has(unit, interval)) return true
    return false
  }
}
