/** A window’s memory and a lock’s holder without a world: plain bytes on one thread, for tests of the structures alone. */
import { AccessError } from '@katydid/memory'
import type { Holder, WordMemory } from '@katydid/locus'

export class PlainMemory implements WordMemory {
  readonly length: number
  readonly #i32: Int32Array<SharedArrayBuffer>
  readonly #f64: Float64Array<SharedArrayBuffer>
  readonly #u8: Uint8Array<SharedArrayBuffer>

  constructor(length: number) {
    const buffer = new SharedArrayBuffer(length)
    this.length = length
    this.#i32 = new Int32Array(buffer)
    this.#f64 = new Float64Array(buffer)
    this.#u8 = new Uint8Array(buffer)
  }

  getInt32(offset: number): number {
    return this.#i32[this.#word(offset, 4)]!
  }

  setInt32(offset: number, value: number): void {
    this.#i32[this.#word(offset, 4)] = value
  }

  getFloat64(offset: number): number {
    return this.#f64[this.#word(offset, 8)]!
  }

  setFloat64(offset: number, value: number): void {
    this.#f64[this.#word(offset, 8)] = value
  }

  getBytes(offset: number, length: number): Uint8Array {
    this.#range(offset, length)
    return Uint8Array.from(this.#u8.subarray(offset, offset + length))
  }

  setBytes(offset: number, bytes: Uint8Array): void {
    this.#range(offset, bytes.length)
    this.#u8.set(bytes, offset)
  }

  compareExchange(offset: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#i32, this.#word(offset, 4), expected, value)
  }

  exchange(offset: number, value: number): number {
    return Atomics.exchange(this.#i32, this.#word(offset, 4), value)
  }

  atomicLoad(offset: number): number {
    return Atomics.load(this.#i32, this.#word(offset, 4))
  }

  atomicStore(offset: number, value: number): void {
    Atomics.store(this.#i32, this.#word(offset, 4), value)
  }

  /** Every byte, to compare before and after. */
  copy(): Uint8Array {
    return Uint8Array.from(this.#u8)
  }

  #word(offset: number, size: number): number {
    this.#range(offset, size)
    if (offset % size !== 0) throw new AccessError('misaligned', `${offset}`)
    return offset / size
  }

  #range(offset: number, length: number): void {
    if (!Number.isInteger(offset) || offset < 0 || offset + length > this.length)
      throw new AccessError('out_of_window', `${offset}`)
  }
}

/** A holder alone in its memory: it never has to sleep, and counts what it holds. */
export class LoneHolder implements Holder {
  readonly mark: number
  held = 0
  sleeps = 0
  wakes = 0

  constructor(mark = 1) {
    this.mark = mark
  }

  lockTaken(): void {
    this.held++
  }

  lockReleased(): void {
    this.held--
  }

  sleep(): void {
    this.sleeps++
    throw new AccessError('timed_out', 'nobody else is here to release the lock')
  }

  wake(): void {
    this.wakes++
  }
}
