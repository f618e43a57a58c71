/**
 * The producing end of a mailbox: a ring of bytes with one producer and one consumer.
 *
 * A frame is `[u32 length][bytes]`, padded to 8 and never wrapped: where the end of the ring is too near, a pad marker takes
 * the rest. A frame exists from the one store of `published`: a producer that dies before it leaves nothing behind. A full
 * ring refuses; nothing here ever waits.
 */
import { mailboxWords, type MailboxPlace } from '@katydid/abi'
import { invariant } from './invariant.js'
import type { Region } from './region.js'
import type { Words } from './words.js'

/** In place of a length: the rest of the ring is empty, the next frame is at its beginning. */
export const padMarker = -1

/** Bytes a frame of `length` bytes takes in the ring. */
export const frameBytes = (length: number): number => (length + 11) & ~7

/** The longest message a mailbox of `capacity` bytes takes at any position: half, for the pad before it may be as long. */
export const longestMessage = (capacity: number): number => capacity / 2 - 4

export class MailboxWriter {
  readonly #words: Words
  readonly #i32: Int32Array<SharedArrayBuffer>
  readonly #u8: Uint8Array<SharedArrayBuffer>
  readonly #publishedAt: number
  readonly #consumedAt: number
  readonly #base: number
  readonly #capacity: number
  #published: number
  #consumed: number

  /** Goes on where the last producer stopped publishing; what that one left half written is overwritten. */
  constructor(region: Region, place: MailboxPlace) {
    this.#words = region.words
    this.#i32 = region.i32
    this.#u8 = region.u8
    this.#publishedAt = (place.at >> 2) + mailboxWords.at.published
    this.#consumedAt = (place.at >> 2) + mailboxWords.at.consumed
    this.#base = place.at + mailboxWords.bytes
    this.#capacity = place.bytes
    this.#published = this.#words.load(this.#publishedAt)
    this.#consumed = this.#words.load(this.#consumedAt)
  }

  /** The longest message this mailbox ever takes, in bytes. */
  get longest(): number {
    return longestMessage(this.#capacity)
  }

  /** Publishes the first `length` bytes as one frame, or answers false and changes nothing when there is no room now. */
  offer(bytes: Uint8Array, length = bytes.length): boolean {
    invariant(length <= this.longest, 'AC2: a frame fits its mailbox at any position', {
      length,
      longest: this.longest,
    })
    const need = frameBytes(length)
    const position = this.#published & (this.#capacity - 1)
    const toEnd = this.#capacity - position
    const total = need > toEnd ? toEnd + need : need
    if (total > this.#room()) {
      this.#consumed = this.#words.load(this.#consumedAt)
      if (total > this.#room()) return false
    }
    let at = this.#base + position
    if (need > toEnd) {
      this.#i32[at >> 2] = padMarker
      at = this.#base
    }
    this.#i32[at >> 2] = length
    this.#u8.set(length === bytes.length ? bytes : bytes.subarray(0, length), at + 4)
    this.#published = (this.#published + total) | 0
    // The store comes last: a consumer that sees it sees the bytes, one that does not sees no frame at all.
    this.#words.store(this.#publishedAt, this.#published)
    return true
  }

  #room(): number {
    return this.#capacity - ((this.#published - this.#consumed) >>> 0)
  }
}
