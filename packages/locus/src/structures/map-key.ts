/**
 * Keys of a map: bytes, or text as its UTF-8. A key is brought into word form once an operation: zero-padded words, its
 * length, its hash. So comparing is by words, and nothing depends on the byte before or after.
 */
import { writeKey, type MapKey } from './key-bytes.js'

/** The longest key in bytes. */
export const maxKeyBytes = 4095

export class KeyWords {
  readonly words = new Int32Array(1024)
  length = 0
  count = 0
  hash = 0
  readonly #bytes = new Uint8Array(this.words.buffer)

  /** Takes the key in. `bad_argument`: it is not well-formed text; `too_large`: over 4095 bytes. */
  take(key: MapKey): void {
    this.length = writeKey(key, this.#bytes, maxKeyBytes)
    this.count = (this.length + 3) >> 2
    for (let at = this.length; at < this.count * 4; at++) this.#bytes[at] = 0
    this.hash = hashWords(this.words, this.count, this.length)
  }
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
