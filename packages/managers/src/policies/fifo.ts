/** First in, first out: the page that came first goes first, however much it is used. */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { firstAllowed } from './first-allowed.js'
import type { Candidates, ReplacementPolicy } from './policy.js'

export class FifoPolicy implements ReplacementPolicy {
  /** In the order in which they came. */
  readonly #order = new Set<Frame>()

  inserted(frame: Frame): void {
    this.#order.delete(frame)
    this.#order.add(frame)
  }

  referenced(frame: Frame): void {
    invariant(this.#order.has(frame), 'MG30: what is referenced was inserted', { frame })
  }

  removed(frame: Frame): void {
    this.#order.delete(frame)
  }

  choose(wanted: number, candidates: Candidates): Frame[] {
    return firstAllowed(this.#order, wanted, candidates)
  }
}
