/**
 * The randomness of a visit: the key stream of AES-128 in counter mode under the visit's seed. The same seed gives the same bytes on every
 * machine, and who does not know it cannot tell them from any others.
 */
import { createCipheriv, randomFillSync, type Cipher } from 'node:crypto'

export const seedBytes = 16
const noCounter = new Uint8Array(16)
const zeros = new Uint8Array(256)

// Taken as the module is loaded: for programs of logged containers the module's own function is another.
const fillTruly = randomFillSync

/** A seed that nobody can guess, and that no other visit has. */
export const newSeed = (): Uint8Array => fillTruly(new Uint8Array(seedBytes))

export class KeyStream {
  readonly #cipher: Cipher
  #ahead = new Uint8Array(0)
  #at = 0

  constructor(seed: Uint8Array) {
    this.#cipher = createCipheriv('aes-128-ctr', seed, noCounter)
  }

  fillRandomly(into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      if (this.#at === this.#ahead.length) this.#produce()
      const part = this.#ahead.subarray(this.#at, this.#at + into.length - done)
      into.set(part, done)
      done += part.length
      this.#at += part.length
    }
  }

  /** From 0 up to 1, with 53 random bits. */
  random(): number {
    const bytes = new Uint8Array(8)
    this.fillRandomly(bytes)
    const view = new DataView(bytes.buffer)
    return ((view.getUint32(0) >>> 5) * 2 ** 26 + (view.getUint32(4) >>> 6)) / 2 ** 53
  }

  #produce(): void {
    this.#ahead = this.#cipher.update(zeros)
    this.#at = 0
  }
}
