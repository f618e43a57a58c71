/** The chunks of an append log: found by number, added behind, dropped in front. Everything here runs under the log's lock. */
import { LocusError } from '../locus-error.js'
import type { Heap } from './heap.js'
import { leastRing, logChunkBytes, logHeader, logKind } from './log-layout.js'
import { canBeBlock, damaged, requireBlock } from './structure-head.js'

export class LogChunks {
  readonly #heap: Heap
  readonly #at: number

  constructor(heap: Heap, at: number) {
    this.#heap = heap
    this.#at = at
  }

  /** Offset of chunk `chunk`; 0 when it is not there. `damaged`: the way there leads astray. */
  find(chunk: number): number {
    const { ring, chunks } = this.#ring()
    if (chunks === 0) return 0
    const block = this.#heap.memory.getInt32(ring + (chunk % chunks) * 4)
    if (block !== 0 && !canBeBlock(this.#heap.memory, block, logChunkBytes))
      throw damaged(logKind, this.#at, `chunk ${chunk} cannot be at ${block}`)
    return block
  }

  /**
   * Makes those of the chunks `from` to `last` that are not there; `first` is the first that is kept. `no_resource`: the heap
   * is full; nothing changes.
   */
  add(first: number, from: number, last: number): void {
    const made = new Map<number, number>()
    const { chunks } = this.#ring()
    try {
      for (let chunk = from; chunk <= last; chunk++) {
        const isKnown = chunk - first < chunks && this.find(chunk) !== 0
        if (!isKnown) made.set(chunk, this.#heap.alloc(logChunkBytes))
      }
      const needed = last - first + 1
      if (needed > chunks) this.#resize(first, from, Math.max(leastRing, powerFrom(needed)))
    } catch (error) {
      if (error instanceof LocusError) for (const block of made.values()) this.#heap.free(block)
      throw error
    }
    for (const [chunk, block] of made) this.#put(chunk, block)
  }

  /** Frees the chunks `from` to `last`, of which `kept` is the first behind and `end` the first that is not there. */
  drop(from: number, last: number, kept: number, end: number): void {
    if (last - from >= this.#ring().chunks)
      throw damaged(logKind, this.#at, `its ring has no room for chunks ${from} to ${last}`)
    const blocks: number[] = []
    for (let chunk = from; chunk <= last; chunk++) {
      const block = this.find(chunk)
      if (block === 0) continue
      requireBlock(this.#heap, logKind, this.#at, block)
      blocks.push(block)
    }
    for (let chunk = from; chunk <= last; chunk++) this.#put(chunk, 0)
    for (const block of blocks) this.#heap.free(block)
    const { chunks } = this.#ring()
    const needed = Math.max(leastRing, powerFrom(2 * (end - kept)))
    if (needed < chunks) this.#tryResize(kept, end, needed)
  }

  /** A smaller ring is a kindness: a heap too full for it keeps the larger one. */
  #tryResize(first: number, end: number, chunks: number): void {
    try {
      this.#resize(first, end, chunks)
    } catch (error) {
      if (!(error instanceof LocusError) || error.status !== 'no_resource') throw error
    }
  }

  /** Moves the words of the chunks `first` to before `end` into a new ring. */
  #resize(first: number, end: number, chunks: number): void {
    const { memory } = this.#heap
    const before = this.#ring()
    const ring = this.#heap.alloc(chunks * 4)
    for (let i = 0; i < chunks; i++) memory.setInt32(ring + i * 4, 0)
    // `end` itself may be there already: a chunk that is not full yet.
    for (let chunk = first; chunk <= end && chunk - first < before.chunks; chunk++)
      memory.setInt32(ring + (chunk % chunks) * 4, this.find(chunk))
    memory.setInt32(this.#word('ring'), ring)
    memory.setInt32(this.#word('ringChunks'), chunks)
    if (before.chunks > 0) this.#heap.free(before.ring)
  }

  #put(chunk: number, block: number): void {
    const { ring, chunks } = this.#ring()
    this.#heap.memory.setInt32(ring + (chunk % chunks) * 4, block)
  }

  #ring(): { ring: number; chunks: number } {
    const { memory } = this.#heap
    const ring = memory.getInt32(this.#word('ring'))
    const chunks = memory.getInt32(this.#word('ringChunks'))
    const fits =
      chunks === 0
        ? ring === 0
        : chunks >= leastRing &&
          (chunks & (chunks - 1)) === 0 &&
          canBeBlock(memory, ring, chunks * 4)
    if (!fits) throw damaged(logKind, this.#at, `its ring of ${chunks} words cannot be at ${ring}`)
    return { ring, chunks }
  }

  #word(field: 'ring' | 'ringChunks'): number {
    return this.#at + logHeader.at[field] * 4
  }
}

function powerFrom(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1))
}
