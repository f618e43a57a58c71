/**
 * When points are fed: eager as they become stable, or lazy when somebody asks.
 *
 * Both feed every point, in the order they came, so at each question both have the same line. Lazy costs no step of the engine
 * and announces nothing until it is asked; it is for worlds in which many points come between two questions.
 */
import type { LineEngine, Point } from './line.js'

export type FeedPolicy = 'eager' | 'lazy'

/** Why the line is wanted: somebody asked, storage is short, output waits for it, or a machine crashed. */
export type FeedReason = 'query' | 'pressure' | 'output' | 'crash'

export class LineFeed {
  readonly policy: FeedPolicy
  /** How often each reason made points be fed. */
  readonly asked: Record<FeedReason, number> = { query: 0, pressure: 0, output: 0, crash: 0 }
  readonly #engine: LineEngine
  #waiting: Point[] = []

  constructor(policy: FeedPolicy, engine: LineEngine) {
    this.policy = policy
    this.#engine = engine
  }

  /** How many points have come and are not fed. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /** A point in its unit's order. Eager announces what it moves before this returns. */
  stable(point: Point): void {
    if (this.policy === 'eager') this.#engine.stable(point)
    else this.#waiting.push(point)
  }

  /** Feeds what waits; from here on the line is the greatest one over all points that came. */
  settle(reason: FeedReason): void {
    if (this.#waiting.length === 0) return
    this.asked[reason]++
    // An announcement may bring further points: they come after these.
    while (this.#waiting.length > 0) {
      const points = this.#waiting
      this.#waiting = []
      for (const point of points) this.#engine.stable(point)
    }
  }

  /** The unit's interval in the line over all points that came. A question: what waits is fed first. */
  line(unit: number): number {
    this.settle('query')
    return this.#engine.line(unit)
  }

  /** The unit's interval in the line as announced so far. Feeds nothing. */
  announced(unit: number): number {
    return this.#engine.line(unit)
  }
}
