/**
 * Private count of the words of a few files: bytes -> (count, list of files), in flat arrays of this thread's heap.
 *
 * It promises the same content for the same files in the same order. It is no part of the container: what stands
 * here is lost with the process, and is counted again from the last recoverable state.
 */
import { doubled, FileLists } from './file-lists.js'

const noEntry = -1

export class WordTable {
  #slots = new Int32Array(1 << 14).fill(noEntry)
  #bytes = new Uint8Array(1 << 18)
  #byteLength = 0
  #capacity = 1 << 13
  #hashes = new Uint32Array(this.#capacity)
  #starts = new Uint32Array(this.#capacity + 1)
  #counts = new Uint32Array(this.#capacity)
  readonly #files = new FileLists()
  #length = 0
  #file = 0

  /** Distinct words. */
  get length(): number {
    return this.#length
  }

  /** What is added from here on is of the file of this number, which was not there before. */
  nextFile(number: number): void {
    this.#file = number
  }

  /** One more of this word. The bytes are copied when they are new. */
  add(word: Uint8Array, length: number): void {
    let hash = 0x811c9dc5
    for (let at = 0; at < length; at++) hash = Math.imul(hash ^ word[at]!, 0x01000193)
    hash = (hash ^ (hash >>> 15)) >>> 0
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === noEntry) break
      if (this.#hashes[entry] === hash && this.#equals(entry, word, length)) {
        this.#counts[entry]!++
        this.#files.add(entry, this.#file)
        return
      }
      slot = (slot + 1) & mask
    }
    this.#slots[slot] = this.#append(word, length, hash)
    if (this.#length * 2 > this.#slots.length) this.#widen()
  }

  /** The bytes of an entry, a view that holds until the next `add`. */
  wordOf(entry: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[entry], this.#starts[entry + 1])
  }

  /** A hash of the entry's bytes, 32 bits; the same for the same word everywhere. */
  hashOf(entry: number): number {
    return this.#hashes[entry]!
  }

  countOf(entry: number): number {
    return this.#counts[entry]!
  }

  /** In how many files the word stands. */
  filesOf(entry: number): number {
    return this.#files.lengthOf(entry)
  }

  /** Calls `visit` with the number of each file in which the word stands, and its index; the last file first. */
  visitFiles(entry: number, visit: (file: number, index: number) => void): void {
    this.#files.visit(entry, visit)
  }

  #equals(entry: number, word: Uint8Array, length: number): boolean {
    const start = this.#starts[entry]!
    if (this.#starts[entry + 1]! - start !== length) return false
    for (let at = 0; at < length; at++) if (this.#bytes[start + at] !== word[at]) return false
    return true
  }

  #append(word: Uint8Array, length: number, hash: number): number {
    if (this.#length === this.#capacity) this.#lengthen()
    if (this.#byteLength + length > this.#bytes.length) this.#bytes = doubled(this.#bytes)
    const entry = this.#length++
    for (let at = 0; at < length; at++) this.#bytes[this.#byteLength + at] = word[at]!
    this.#starts[entry] = this.#byteLength
    this.#byteLength += length
    this.#starts[entry + 1] = this.#byteLength
    this.#hashes[entry] = hash
    this.#counts[entry] = 1
    this.#files.begin(entry, this.#file)
    return entry
  }

  #lengthen(): void {
    this.#capacity *= 2
    this.#hashes = doubled(this.#hashes)
    this.#counts = doubled(this.#counts)
    const starts = new Uint32Array(this.#capacity + 1)
    starts.set(this.#starts)
    this.#starts = starts
  }

  #widen(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(noEntry)
    const mask = slots.length - 1
    for (let entry = 0; entry < this.#length; entry++) {
      let slot = this.#hashes[entry]! & mask
      while (slots[slot] !== noEntry) slot = (slot + 1) & mask
      slots[slot] = entry
    }
    this.#slots = slots
  }
}
