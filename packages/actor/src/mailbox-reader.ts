/**
 * The consuming end of a mailbox. A frame may be read in place (`next`, then `advance`) or copied out (`take`); its bytes are
 * the consumer's until it advances. A consumer that dies before it advances leaves the frame where it was.
 */
import { mailboxWords, type MailboxPlace, type PortId } from '@katydid/abi'
import { invariant } from './invariant.js'
import { frameBytes, padMarker } from './mailbox-writer.js'
import type { Region } from './region.js'
import type { Words } from './words.js'

export class MailboxReader {
  readonly #words: Words
  readonly #i32: Int32Array<SharedArrayBuffer>
  readonly #u8: Uint8Array<SharedArrayBuffer>
  readonly #publishedAt: number
  readonly #consumedAt: number
  readonly #base: number
  readonly #capacity: number
  #consumed: number
  #published: number
  #at = 0
  #length = 0

  constructor(region: Region, place: MailboxPlace) {
    this.#words = region.words
    this.#i32 = region.i32
    this.#u8 = region.u8
    this.#publishedAt = (place.at >> 2) + mailboxWords.at.published
    this.#consumedAt = (place.at >> 2) + mailboxWords.at.consumed
    this.#base = place.at + mailboxWords.bytes
    this.#capacity = place.bytes
    this.#consumed = this.#words.load(this.#consumedAt)
    this.#published = this.#consumed
  }

  /** Byte address in the region of the frame that `next` found. */
  get at(): number {
    return this.#at
  }

  /** Length of that frame in bytes. */
  get length(): number {
    return this.#length
  }

  /** Finds the next frame and says whether there is one. It stays there until `advance`. */
  next(): boolean {
    if (this.#published === this.#consumed) {
      this.#published = this.#words.load(this.#publishedAt)
      if (this.#published === this.#consumed) return false
    }
    let position = this.#consumed & (this.#capacity - 1)
    let length = this.#i32[(this.#base + position) >> 2]!
    if (length === padMarker) {
      this.#consumed = (this.#consumed + this.#capacity - position) | 0
      position = 0
      length = this.#i32[this.#base >> 2]!
    }
    const ready = (this.#published - this.#consumed) >>> 0
    invariant(
      length >= 0 && frameBytes(length) <= Math.min(ready, this.#capacity - position),
      'AC2: a published frame lies whole between consumed and published',
      { length, position, ready },
    )
    this.#at = this.#base + position + 4
    this.#length = length
    return true
  }

  /** Gives the frame that `next` found back to the producer. Nothing of it may be read afterwards. */
  advance(): void {
    this.#consumed = (this.#consumed + frameBytes(this.#length)) | 0
    // The store comes after the last read: the producer may overwrite the frame from here on.
    this.#words.store(this.#consumedAt, this.#consumed)
  }

  /** The next frame as a copy, or null when there is none. */
  take(): Uint8Array | null {
    if (!this.next()) return null
    const copy = new Uint8Array(this.#length)
    copy.set(this.#u8.subarray(this.#at, this.#at + this.#length))
    this.advance()
    return copy
  }
}

/**
 * Drops everything in the mailboxes of `port`. The supervisor does it between the exit of an incarnation and the start of
 * the next, while nobody reads them.
 */
export function dropMail(region: Region, port: PortId): void {
  for (const place of region.plan.mailboxes) {
    if (place.to !== port) continue
    const published = region.words.load((place.at >> 2) + mailboxWords.at.published)
    region.words.store((place.at >> 2) + mailboxWords.at.consumed, published)
  }
}
