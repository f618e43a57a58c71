/** Randomness as an argument: a small generator (SplitMix32) whose sequence is fixed by its seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** The next 32 bits, as an unsigned number. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number {
    return Math.floor((this.next() / 4294967296) * below)
  }

  /** A number from 0 up to, not including, 1. */
  fraction(): number {
    return this.next() / 4294967296
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** A generator of its own, drawn from this one. */
  fork(): Random {
    return new Random(this.next())
  }
}
