/**
 * CLOCK with second chance over the frames of a machine: a page touched since the hand last passed stays this time, a clean
 * page goes before a dirty one.
 */
import { asFrame, type Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Candidates, ReplacementPolicy } from './policy.js'

export class ClockPolicy implements ReplacementPolicy {
  readonly #first: number
  readonly #holds: Uint8Array
  #at = 0

  /** The hand goes round `count` frames from number `first` on. */
  constructor(first: number, count: number) {
    invariant(count > 0, 'MG30: a hand has frames to go round', { first, count })
    this.#first = first
    this.#holds = new Uint8Array(count)
  }

  inserted(frame: Frame): void {
    this.#holds[this.#index(frame)] = 1
  }

  referenced(frame: Frame): void {
    // The hand sees the same by itself: what was shown is touched.
    this.#index(frame)
  }

  removed(frame: Frame): void {
    this.#holds[this.#index(frame)] = 0
  }

  choose(wanted: number, candidates: Candidates, rounds: 1 | 2): Frame[] {
    invariant(wanted > 0, 'MG5: the hand is moved for a reason', { wanted })
    const clean: Frame[] = []
    const dirty: Frame[] = []
    const count = this.#holds.length
    for (let step = 0; step < rounds * count && clean.length < wanted; step++) {
      const at = this.#at
      this.#at = (at + 1) % count
      if (this.#holds[at] === 0) continue
      const frame = asFrame(this.#first + at)
      if (!candidates.allows(frame) || candidates.wasTouched(frame)) continue
      if (!candidates.isDirty(frame)) clean.push(frame)
      else if (dirty.length < wanted) dirty.push(frame)
    }
    return [...new Set([...clean, ...dirty])].slice(0, wanted)
  }

  #index(frame: Frame): number {
    const at = frame - this.#first
    invariant(at >= 0 && at < this.#holds.length, 'MG30: a policy is told of its own frames', {
      frame,
    })
    return at
  }
}
