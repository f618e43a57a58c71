/**
 * Intervals that were gone back over. Of a unit that went back to `end`, whatever it had done up to `ceiling` never was; intervals are never used twice, so
 * what it does afterwards lies above. A unit that goes back further takes the earlier end with it.
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

  add(ended: Ended): void {
    const { unit, end, ceiling } = ended
    invariant(end < ceiling, 'SI166: a unit goes back', { unit, end, ceiling })
    const rows = this.#rows.get(unit) ?? []
    // What an earlier one left, and this one does not.
    const left = rows.filter((row) => row.end < end && row.ceiling <= end)
    const inside = rows.find((row) => row.end < end && row.ceiling > end)
    if (inside !== undefined)
      this.#rows.set(unit, [...left, { ...inside, ceiling: Math.max(ceiling, inside.ceiling) }])
    else this.#rows.set(unit, [...left, ended])
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
