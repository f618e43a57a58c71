/**
 * A vector: elements by index, growing and shrinking at its end, for several loci at once.
 *
 * Elements are records of one size, or byte values of any. Reading takes no lock and changes nothing in memory; each
 * change is one step for all loci. No lock is held between two calls.
 */
import { LocusError } from '../locus-error.js'
import type { Heap } from './heap.js'
import type { WordMemory } from './memory.js'
import { canBeBlock, damaged, makeHead, openStructure, requireBlock } from './structure-head.js'
import { maxValueBytes, requireValue } from './value-bytes.js'
import { VectorChunks } from './vector-chunks.js'
import { referenceBytes, vectorHeader, vectorKind } from './vector-layout.js'
import { VersionedLock } from './versioned-lock.js'

export interface VectorOptions {
  /** Bytes of every element, 1 to 1 MiB less one; left out, each element has its own number of bytes. */
  readonly recordBytes?: number
}

export class Vector {
  readonly heap: Heap
  /** Offset of the vector in the heap's window. */
  readonly at: number
  /** Bytes of every element; 0 when each has its own. */
  readonly recordBytes: number
  readonly #memory: WordMemory
  readonly #chunks: VectorChunks
  readonly #lock: VersionedLock

  private constructor(heap: Heap, at: number, recordBytes: number) {
    this.heap = heap
    this.at = at
    this.recordBytes = recordBytes
    this.#memory = heap.memory
    this.#chunks = new VectorChunks(heap, at, recordBytes || referenceBytes)
    this.#lock = new VersionedLock(
      heap.holder,
      heap.memory,
      this.#word('lock'),
      this.#word('version'),
    )
  }

  /**
   * Opens the vector at root `root` of the heap, or makes it there. `bad_argument`: something else is there, or a vector with
   * other records; `world_version`: another layout; `damaged`: what its header says cannot be.
   */
  static open(heap: Heap, root = 0, options: VectorOptions = {}): Vector {
    const { recordBytes = 0 } = options
    const isSize = Number.isInteger(recordBytes) && recordBytes >= 1 && recordBytes <= maxValueBytes
    if (!isSize && options.recordBytes !== undefined)
      throw new LocusError(
        'bad_argument',
        `a record has 1 to ${maxValueBytes} bytes, not ${recordBytes}`,
      )
    const at = openStructure(heap, root, vectorKind, () => {
      const made = makeHead(heap, vectorKind)
      heap.memory.setInt32(made + vectorHeader.at.recordBytes * 4, recordBytes)
      return made
    })
    const found = heap.memory.getInt32(at + vectorHeader.at.recordBytes * 4)
    if (found !== recordBytes)
      throw new LocusError(
        'bad_argument',
        `the vector at root ${root} has ${sizeWords(found)}, not ${sizeWords(recordBytes)}`,
      )
    const vector = new Vector(heap, at, recordBytes)
    if (vector.length < 0) throw damaged(vectorKind, at, `it cannot have ${vector.length} elements`)
    return vector
  }

  /** How many elements it has; while others change it, of about now. */
  get length(): number {
    return this.#memory.getInt32(this.#word('length'))
  }

  /** A copy of element `index`, or undefined when there is none. */
  get(index: number): Uint8Array | undefined {
    requireIndex(index)
    return this.#lock.read(() => (index < this.length ? this.#read(index) : undefined))
  }

  /** Replaces element `index`. `bad_argument`: there is none; `no_resource`: the heap is full. Nothing changes then. */
  set(index: number, value: Uint8Array): void {
    requireIndex(index)
    this.#requireElement(value)
    this.#fetch(index)
    this.#lock.change(() => {
      if (index >= this.length)
        throw new LocusError(
          'bad_argument',
          `the vector has ${this.length} elements and none at ${index}; push adds one`,
        )
      const place = this.#chunks.place(index)
      const before = this.#blockAt(place)
      this.#write(place, value, this.#blockFor(value))
      if (before !== 0) this.heap.free(before)
    })
  }

  /** Adds an element at the end and answers its index. `no_resource`: the heap is full; nothing changes. */
  push(value: Uint8Array): number {
    this.#requireElement(value)
    return this.#lock.change(() => {
      const index = this.length
      const block = this.#blockFor(value)
      try {
        if (index % this.#chunks.records === 0) this.#chunks.add(index)
        this.#write(this.#chunks.place(index), value, block)
      } catch (error) {
        if (error instanceof LocusError && block !== 0) this.heap.free(block)
        throw error
      }
      this.#memory.setInt32(this.#word('length'), index + 1)
      return index
    })
  }

  /** Takes the last element out and answers it, or undefined when there is none. What it took is freed. */
  pop(): Uint8Array | undefined {
    return this.#lock.change(() => {
      const index = this.length - 1
      if (index < 0) return undefined
      const value = this.#read(index)
      const block = this.#blockAt(this.#chunks.place(index))
      if (index % this.#chunks.records === 0) this.#chunks.drop(index)
      if (block !== 0) this.heap.free(block)
      this.#memory.setInt32(this.#word('length'), index)
      return value
    })
  }

  /** Copies of the elements from `from` on, each as it is when its turn comes, until there is no next one. */
  *values(from = 0): Generator<Uint8Array, void, undefined> {
    for (let index = from; ; index++) {
      const value = this.get(index)
      if (value === undefined) return
      yield value
    }
  }

  #read(index: number): Uint8Array {
    const place = this.#chunks.place(index)
    if (this.recordBytes !== 0) return this.#memory.getBytes(place, this.recordBytes)
    const { block, length } = this.#reference(place)
    return length === 0 ? new Uint8Array(0) : this.#memory.getBytes(block, length)
  }

  #reference(place: number): { block: number; length: number } {
    const block = this.#memory.getInt32(place)
    const length = this.#memory.getInt32(place + 4)
    const fits =
      length === 0
        ? block === 0
        : length <= maxValueBytes && canBeBlock(this.#memory, block, length)
    if (!fits)
      throw damaged(vectorKind, this.at, `an element of ${length} bytes cannot be at ${block}`)
    return { block, length }
  }

  /** Block of the byte value at `place`, 0 when it has none. `damaged`: what stands there is no block. */
  #blockAt(place: number): number {
    if (this.recordBytes !== 0) return 0
    const { block } = this.#reference(place)
    if (block !== 0) requireBlock(this.heap, vectorKind, this.at, block)
    return block
  }

  /** A block for a byte value, 0 when it needs none. */
  #blockFor(value: Uint8Array): number {
    return this.recordBytes !== 0 || value.length === 0 ? 0 : this.heap.alloc(value.length)
  }

  #write(place: number, value: Uint8Array, block: number): void {
    if (this.recordBytes !== 0) {
      this.#memory.setBytes(place, value)
      return
    }
    this.#memory.setInt32(place, block)
    this.#memory.setInt32(place + 4, value.length)
    if (block !== 0) this.#memory.setBytes(block, value)
  }

  /** Brings the page of an element in before the lock is taken, so that others do not wait for the fault. */
  #fetch(index: number): void {
    this.#lock.read(() => {
      if (index < this.length) this.#memory.getBytes(this.#chunks.place(index), 1)
    })
  }

  #requireElement(value: Uint8Array): void {
    requireValue(value)
    if (this.recordBytes !== 0 && value.length !== this.recordBytes)
      throw new LocusError(
        'bad_argument',
        `an element of this vector has ${this.recordBytes} bytes, not ${value.length}`,
      )
  }

  #word(field: keyof typeof vectorHeader.at): number {
    return this.at + vectorHeader.at[field] * 4
  }
}

function requireIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0)
    throw new LocusError('bad_argument', `an index is a whole number from 0 on, not ${index}`)
}

function sizeWords(recordBytes: number): string {
  return recordBytes === 0 ? 'elements of any size' : `records of ${recordBytes} bytes`
}
