/** The chunks of a vector: found by number, added and dropped at the end. Growing moves nothing that is there. */
import { LocusError } from '../locus-error.js'
import type { Heap } from './heap.js'
import { canBeBlock, damaged, requireBlock } from './structure-head.js'
import { chunkShape, segmentOf, vectorHeader, vectorKind } from './vector-layout.js'

export class VectorChunks {
  /** Records a chunk has. */
  readonly records: number
  readonly #heap: Heap
  readonly #at: number
  readonly #recordBytes: number
  readonly #chunkBytes: number

  constructor(heap: Heap, at: number, recordBytes: number) {
    this.#heap = heap
    this.#at = at
    this.#recordBytes = recordBytes
    const { records, bytes } = chunkShape(recordBytes)
    this.records = records
    this.#chunkBytes = bytes
  }

  /** Offset of record `index`, whose chunk exists. `damaged`: the way there leads astray. */
  place(index: number): number {
    const chunk = Math.floor(index / this.records)
    const at = this.#heap.memory.getInt32(this.#slot(chunk))
    if (!canBeBlock(this.#heap.memory, at, this.#chunkBytes))
      throw damaged(vectorKind, this.#at, `chunk ${chunk} cannot be at ${at}`)
    return at + (index - chunk * this.records) * this.#recordBytes
  }

  /** Makes the chunk of record `index`, which is the first in it. `no_resource`: the heap is full; nothing changes. */
  add(index: number): void {
    const { memory } = this.#heap
    const chunk = index / this.records
    const { segment, first, chunks } = segmentOf(chunk)
    const block = this.#heap.alloc(this.#chunkBytes)
    try {
      if (chunk === first) memory.setInt32(this.#segment(segment), this.#heap.alloc(chunks * 4))
    } catch (error) {
      if (error instanceof LocusError) this.#heap.free(block)
      throw error
    }
    memory.setInt32(this.#slot(chunk), block)
  }

  /** Frees the chunk of record `index`, which is the first in it and no longer in use. `damaged`: it is no block; nothing changes. */
  drop(index: number): void {
    const { memory } = this.#heap
    const chunk = index / this.records
    const { segment, first } = segmentOf(chunk)
    const word = this.#segment(segment)
    const block = memory.getInt32(this.#slot(chunk))
    requireBlock(this.#heap, vectorKind, this.#at, block)
    if (chunk === first) {
      requireBlock(this.#heap, vectorKind, this.#at, memory.getInt32(word))
      this.#heap.free(memory.getInt32(word))
      memory.setInt32(word, 0)
    }
    this.#heap.free(block)
  }

  /** Offset of the word that says where chunk `chunk` is. */
  #slot(chunk: number): number {
    const { memory } = this.#heap
    const { segment, first, chunks } = segmentOf(chunk)
    const at = memory.getInt32(this.#segment(segment))
    if (!canBeBlock(memory, at, chunks * 4))
      throw damaged(vectorKind, this.#at, `segment ${segment} of its directory cannot be at ${at}`)
    return at + (chunk - first) * 4
  }

  #segment(segment: number): number {
    return this.#at + (vectorHeader.at.segments + segment) * 4
  }
}
