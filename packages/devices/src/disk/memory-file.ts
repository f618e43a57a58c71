/**
 * A disk in memory, for the simulator and for tests. Every write is durable at once; `FaultyFile` and `Journal` around it say
 * otherwise.
 */
import { invariant } from '@katydid/actor'
import { totalBytes, type BlockFile } from './block-file.js'

export class MemoryFile implements BlockFile {
  readonly blockBytes: number
  #bytes: Uint8Array

  /** `image`: what the file holds at first, taken as it is. */
  constructor(blockBytes: number, image: Uint8Array = new Uint8Array(0)) {
    this.blockBytes = blockBytes
    this.#bytes = image
  }

  /** The file's content: the file's own bytes, which a later write may change or leave behind. */
  get image(): Uint8Array {
    return this.#bytes
  }

  sizeBytes(): number {
    return this.#bytes.length
  }

  read(block: number, into: Uint8Array): void {
    const from = block * this.blockBytes
    const there = this.#bytes.subarray(from, from + into.length)
    into.set(there)
    into.subarray(there.length).fill(0)
  }

  write(block: number, parts: readonly Uint8Array[]): void {
    const bytes = totalBytes(parts)
    invariant(bytes % this.blockBytes === 0, 'DK15: whole blocks are written', { bytes })
    let at = block * this.blockBytes
    this.#grow(at + bytes)
    for (const part of parts) {
      this.#bytes.set(part, at)
      at += part.length
    }
  }

  sync(): void {}

  #grow(bytes: number): void {
    if (bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(bytes, this.#bytes.length * 2))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}
