/**
 * A bell is one word with two reasons, mail and control, and a flag that its owner sleeps, so that ringing a waking
 * owner costs no notify. The owner takes the reasons, looks at everything, and only then parks: what is rung in between
 * makes the park return at once.
 */
import { bellBits } from '@katydid/abi'
import type { Words } from './words.js'

/** Loads before a park at the most; about the time a cross-core wake-up takes. */
export const maxSpin = 2000
const leastSpin = 16

/** Rings the bell at word `index`. The or comes before the notify: a sleeper that is woken must see why. */
export function ring(words: Words, index: number, reason: number): void {
  const before = words.or(index, reason)
  if ((before & bellBits.sleeping) !== 0) words.notify(index, 1)
}

/** The owner's side of a bell. */
export class Bell {
  readonly #words: Words
  readonly #index: number
  #spin: number
  #parks = 0

  /** `spin` is the first budget in loads; 0 never spins (more actors than cores). */
  constructor(words: Words, index: number, spin = maxSpin) {
    this.#words = words
    this.#index = index
    this.#spin = spin
  }

  /** The present spin budget in loads. */
  get spin(): number {
    return this.#spin
  }

  /** Rings one's own bell: for a reason that was taken and is not dealt with yet. */
  ring(reason: number): void {
    ring(this.#words, this.#index, reason)
  }

  /** Takes and clears the reasons. Take before looking: a reason rung later is then not lost. */
  take(): number {
    return this.#words.exchange(this.#index, 0) & ~bellBits.sleeping
  }

  /**
   * Waits until somebody rings, at most `timeoutMs`, and takes the reasons (0: time-out). Spins first; the budget
   * is halved when spinning did not help, and twice what it took when it did; every 64th park tries again.
   */
  park(timeoutMs: number): number {
    const budget = this.#budget()
    for (let i = 0; i < budget; i++) {
      if (this.#words.load(this.#index) !== 0) {
        // Enough for the next time to take twice as long as this time.
        this.#spin = Math.max(this.#spin, Math.min(maxSpin, i * 2 + leastSpin))
        return this.take()
      }
    }
    if (budget > 0) this.#spin = Math.max(1, this.#spin >> 1)
    // Sleeping is set by compare-exchange from 0: had a reason come in since, the exchange fails and nobody sleeps.
    if (this.#words.compareExchange(this.#index, 0, bellBits.sleeping) === 0) {
      this.#sleep(timeoutMs)
    }
    return this.take()
  }

  /** Loads before this park. A probe is a whole one: what answers in less than the most would never be noticed by a short one. */
  #budget(): number {
    if (this.#spin >= leastSpin) return this.#spin
    return this.#spin > 0 && ++this.#parks % 64 === 0 ? maxSpin : 0
  }

  /** A notify meant for an earlier sleep may come late and wake this one for nothing: then it goes on. */
  #sleep(timeoutMs: number): void {
    const { sleeping } = bellBits
    while (this.#words.wait(this.#index, sleeping, timeoutMs) === 'ok') {
      if (this.#words.load(this.#index) !== sleeping) return
    }
  }
}
