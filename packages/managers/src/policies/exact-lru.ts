/**
 * Least recently used, exactly: right where every reference is seen, as in a trace. A manager sees faults only, to which
 * hits are unknown; it takes `AgeingPolicy`.
 */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { firstAllowed } from './first-allowed.js'
import type { Candidates, ReplacementPolicy } from './policy.js'

export class ExactLruPolicy implements ReplacementPolicy {
  /** From the least to the most recently used. */
  readonly #order = new Set<Frame>()

  inserted(frame: Frame): void {
    this.#order.delete(frame)
    this.#order.add(frame)
  }

  referenced(frame: Frame): void {
    invariant(this.#order.delete(frame), 'MG30: what is referenced was inserted', { frame })
    this.#order.add(frame)
  }

  removed(frame: Frame): void {
    this.#order.delete(frame)
  }

  choose(wanted: number, candidates: Candidates): Frame[] {
    return firstAllowed(this.#order, wanted, candidates)
  }
}
