/**
 * Keys of a map: bytes, or text as its UTF-8. A key is brought into word form once an operation: zero-padded words, its
 * length, its hash. So comparing is by words, and nothing depends on the byte before or after.
 */
import { LocusError } from '../locus-error.js'

/** The longest key in bytes. */
export const maxKeyBytes = 4095

export type MapKey = string | Uint8Array

const encoder = new TextEncoder()

export class KeyWords {
  readonly words = new Int32Array(1024)
  length = 0
  count = 0
  hash = 0
  readonly #bytes = new Uint8Array(this.words.buffer)

  /** Takes the key in. `bad_argument`: it is not well-formed text; `too_large`: over 4095 bytes. */
  take(key: MapKey): void {
    this.length = typeof key === 'string' ? this.#takeText(key) : this.#takeBytes(key)
    this.count = (this.length + 3) >> 2
    for (let at = this.length; at < this.count * 4; at++) this.#bytes[at] = 0
    this.hash = hashWords(this.words, this.count, this.length)
  }

  #takeBytes(key: Uint8Array): number {
    if (key.length > maxKeyBytes) throw tooLarge(key.length)
    this.#bytes.set(key)
    return key.length
  }

  #takeText(key: string): number {
    const bytes = this.#bytes
    if (key.length > maxKeyBytes) throw tooLarge(key.length)
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i)
      if (code >= 0x80) return this.#takeWideText(key)
      bytes[i] = code
    }
    return key.length
  }

  #takeWideText(key: string): number {
    // A lone surrogate would be stored as a replacement character, and different keys would become one.
    if (/\p{Surrogate}/u.test(key))
      throw new LocusError('bad_argument', 'a key’s text has half of a surrogate pair; use bytes')
    const { read, written } = encoder.encodeInto(key, this.#bytes)
    if (read < key.length || written > maxKeyBytes) throw tooLarge(written)
    return written
  }
}

function tooLarge(length: number): LocusError {
  return new LocusError('too_large', `a key has at most ${maxKeyBytes} bytes, not ${length}`)
}

/** MurmurHash3 over whole words; every bit of the key moves every bit of the hash. */
function hashWords(words: Int32Array, count: number, length: number): number {
  let h = 0x9747b28c
  for (let i = 0; i < count; i++) {
    let k = Math.imul(words[i]!, 0xcc9e2d51)
    k = (k << 15) | (k >>> 17)
    h ^= Math.imul(k, 0x1b873593)
    h = (h << 13) | (h >>> 19)
    h = (Math.imul(h, 5) + 0xe6546b64) | 0
  }
  h ^= length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
