/**
 * What is void though it stands behind the record of a return: a long record that was under way to the disk then, part by part, may be whole only
 * behind it. It says the session that it was begun in, and what that session had above the points that were gone back to never happened.
 */
import { invariant } from '@katydid/actor'
import type { LineRecord } from '../state-interval/records.js'

type Return = Pick<LineRecord, 'session' | 'rolledBack' | 'points' | 'over' | 'back'>

export class VoidPoints {
  /** Of each return: since which session, and how far each unit is not void. */
  readonly #returns: { readonly session: number; readonly reached: (unit: number) => number }[] = []

  /** The world went back, or some of its units did. */
  note({ session, rolledBack, points, over, back }: Return): void {
    invariant(session >= 0, 'SI224: a return has a session', { session })
    const all = new Map([...over, ...points])
    if (rolledBack) this.#returns.push({ session, reached: (unit) => all.get(unit) ?? 0 })
    const some = new Map(back)
    if (some.size > 0)
      this.#returns.push({ session, reached: (unit) => some.get(unit) ?? Infinity })
  }

  /** Whether that point, of a record that was begun in that session, never was. */
  has(session: number, unit: number, interval: number): boolean {
    return this.#returns.some((each) => session < each.session && interval > each.reached(unit))
  }
}
