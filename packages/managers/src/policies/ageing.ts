/**
 * Least recently used, approximated by ageing: at each choice every page's age is halved and gains its reference bit at
 * the top, so that an age is the history of the last 32 looks. The lowest age goes first, of equal ones what came first.
 */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Candidates, ReplacementPolicy } from './policy.js'

const touchedNow = 0x8000_0000

export class AgeingPolicy implements ReplacementPolicy {
  /** Age by frame, in the order in which pages came. */
  readonly #ages = new Map<Frame, number>()
  /** Seen by the manager itself since the last look. */
  readonly #seen = new Set<Frame>()

  inserted(frame: Frame): void {
    this.#ages.delete(frame)
    this.#ages.set(frame, 0)
    this.#seen.add(frame)
  }

  referenced(frame: Frame): void {
    invariant(this.#ages.has(frame), 'MG30: what is referenced was inserted', { frame })
    this.#seen.add(frame)
  }

  removed(frame: Frame): void {
    this.#ages.delete(frame)
    this.#seen.delete(frame)
  }

  choose(wanted: number, candidates: Candidates, rounds: 1 | 2): Frame[] {
    invariant(wanted > 0, 'MG5: victims are chosen for a reason', { wanted })
    const order: { readonly frame: Frame; readonly age: number }[] = []
    for (const [frame, before] of this.#ages) {
      if (!candidates.allows(frame)) continue
      const touched = candidates.wasTouched(frame) || this.#seen.has(frame)
      const age = ((before >>> 1) | (touched ? touchedNow : 0)) >>> 0
      this.#ages.set(frame, age)
      this.#seen.delete(frame)
      if (rounds === 2 || !touched) order.push({ frame, age })
    }
    // The sort is stable: what came first stays first.
    return order
      .sort((a, b) => a.age - b.age)
      .slice(0, wanted)
      .map(({ frame }) => frame)
  }
}
