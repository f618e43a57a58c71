/**
 * The line from scratch: begin with the newest point of each unit, and step back whoever has received what another has not
 * sent, until nobody has. The greatest fixpoint, found anew after every point. Slow, short, and easy to believe.
 */
import type { LineEngine, Point } from '@katydid/kernel/state-interval/line/line.js'

interface Row {
  readonly interval: number
  /** All that the unit had received up to this point. */
  readonly received: Map<number, number>
}

export class FixpointEngine implements LineEngine {
  steps = 0
  protected readonly rows = new Map<number, Row[]>()
  #line = new Map<number, number>()

  stable({ unit, interval, dependencies }: Point): void {
    const rows = this.rows.get(unit) ?? []
    const received = new Map(rows.at(-1)?.received)
    for (const [sender, sent] of dependencies)
      received.set(sender, Math.max(sent, received.get(sender) ?? 0))
    rows.push({ interval, received })
    this.rows.set(unit, rows)
    this.#line = this.greatest()
  }

  line(unit: number): number {
    return this.#line.get(unit) ?? 0
  }

  /** The greatest consistent choice of one point a unit. */
  protected greatest(): Map<number, number> {
    const place = new Map([...this.rows].map(([unit, rows]) => [unit, rows.length - 1]))
    const intervalOf = (unit: number) => this.rows.get(unit)?.[place.get(unit) ?? -1]?.interval ?? 0
    for (let moved = true; moved;) {
      moved = false
      for (const [unit, rows] of this.rows) {
        while (!this.#isMet(rows[place.get(unit)!], intervalOf)) {
          place.set(unit, place.get(unit)! - 1)
          moved = true
        }
      }
    }
    return new Map([...place.keys()].map((unit) => [unit, intervalOf(unit)]))
  }

  #isMet(row: Row | undefined, intervalOf: (unit: number) => number): boolean {
    if (row === undefined) return true
    for (const [sender, sent] of row.received) {
      this.steps++
      if (sent > intervalOf(sender)) return false
    }
    return true
  }
}
