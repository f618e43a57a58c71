/**
 * A window: typed access to [base, base + length) of a container, by int32 byte offsets from its base.
 *
 * Every access loads its entry anew; no translation outlives it. An access outside is `out_of_window`, one that is not a
 * multiple of its size `misaligned`: never another address. What misses traps on this thread.
 */
import { entryBits, maxWindowBytes, writeMask, type Access } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { AccessError } from './access-error.js'
import type { Attachment, HotFields } from './attachment.js'
import { copyIn, copyOut, fillRange } from './byte-ranges.js'
import { eachPage, type PageMode, type PageVisitor } from './each-page.js'

const frameMask = entryBits.frameMask
/** A bit outside the write mask: no entry ever equals it under the mask. */
const noPattern = 1

export class Window implements HotFields {
  // Fields are declared, not defined, so that each is stored exactly once: the engine then treats it as constant.
  declare readonly attachment: Attachment
  /** Byte offset of the window in its container. */
  declare readonly base: number
  declare readonly length: number
  declare private readonly i32: Int32Array<SharedArrayBuffer>
  declare private readonly u8: Uint8Array<SharedArrayBuffer>
  declare private readonly f64: Float64Array<SharedArrayBuffer>
  declare private readonly i64: BigInt64Array<SharedArrayBuffer>
  declare private readonly i16: Int16Array<SharedArrayBuffer>
  declare private readonly f32: Float32Array<SharedArrayBuffer>
  declare private readonly gen: number
  declare private readonly table: number
  declare private readonly shift: number
  declare private readonly within: number
  declare private readonly last: number
  declare private generation: number
  declare private pattern: number

  /** `table` is the region byte address of the entry of the page at `base` (from `window_open`); base is page-aligned, length a multiple of 8. */
  constructor(attachment: Attachment, base: number, length: number, table: number) {
    const { region } = attachment
    const { pageBytes } = region.plan.shape
    invariant(
      base % pageBytes === 0 && length % 8 === 0,
      'ME8: a window begins at a page and ends at a multiple of eight',
      { base, length },
    )
    invariant(
      length > 0 && length <= maxWindowBytes && table % 4 === 0,
      'ME8: a window spans at most 2 GiB',
      { length, table },
    )
    this.attachment = attachment
    this.base = base
    this.length = length
    this.i32 = region.i32
    this.u8 = region.u8
    this.f64 = region.f64
    this.i64 = region.i64
    this.i16 = new Int16Array(region.i32.buffer)
    this.f32 = new Float32Array(region.i32.buffer)
    this.gen = region.containerWord(attachment.container, 'gen')
    this.table = table >> 2
    this.shift = 31 - Math.clz32(pageBytes)
    this.within = pageBytes - 1
    this.last = length - 1
    this.generation = 0
    this.pattern = noPattern
    attachment.join(this)
  }

  renew(generation: number, pattern: number): void {
    this.generation = generation
    this.pattern = pattern
  }

  close(): void {
    // No entry matches this pattern, and the next access goes the slow way by a generation that is not current.
    this.pattern = noPattern
    this.generation = (this.i32[this.gen]! + 0x40000000) | 0
  }

  getInt8(offset: number): number {
    return (this.u8[this.readable(offset, 1)]! << 24) >> 24
  }

  getUint8(offset: number): number {
    return this.u8[this.readable(offset, 1)]!
  }

  getInt16(offset: number): number {
    return this.i16[this.readable(offset, 2) >> 1]!
  }

  getUint16(offset: number): number {
    return this.i16[this.readable(offset, 2) >> 1]! & 0xffff
  }

  getInt32(offset: number): number {
    return this.i32[this.readable(offset, 4) >> 2]!
  }

  getUint32(offset: number): number {
    return this.i32[this.readable(offset, 4) >> 2]! >>> 0
  }

  getBigInt64(offset: number): bigint {
    return this.i64[this.readable(offset, 8) >> 3]!
  }

  getBigUint64(offset: number): bigint {
    return BigInt.asUintN(64, this.i64[this.readable(offset, 8) >> 3]!)
  }

  getFloat32(offset: number): number {
    return this.f32[this.readable(offset, 4) >> 2]!
  }

  getFloat64(offset: number): number {
    return this.f64[this.readable(offset, 8) >> 3]!
  }

  /** Stores the low 8 bits; likewise the other setters store as many bits as they name, signed or not. */
  setInt8(offset: number, value: number): void {
    this.u8[this.writable(offset, 1)] = value
  }

  setInt16(offset: number, value: number): void {
    this.i16[this.writable(offset, 2) >> 1] = value
  }

  setInt32(offset: number, value: number): void {
    this.i32[this.writable(offset, 4) >> 2] = value
  }

  setBigInt64(offset: number, value: bigint): void {
    this.i64[this.writable(offset, 8) >> 3] = value
  }

  setFloat32(offset: number, value: number): void {
    this.f32[this.writable(offset, 4) >> 2] = value
  }

  setFloat64(offset: number, value: number): void {
    this.f64[this.writable(offset, 8) >> 3] = value
  }

  /** Atomic on an aligned 32-bit word: adds and answers what it held. */
  add(offset: number, value: number): number {
    return Atomics.add(this.i32, this.writable(offset, 4) >> 2, value)
  }

  /** Atomic: stores `value` if the word holds `expected`; answers what it held. */
  compareExchange(offset: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.i32, this.writable(offset, 4) >> 2, expected, value)
  }

  /** Atomic: stores `value`; answers what the word held. */
  exchange(offset: number, value: number): number {
    return Atomics.exchange(this.i32, this.writable(offset, 4) >> 2, value)
  }

  atomicLoad(offset: number): number {
    return Atomics.load(this.i32, this.readable(offset, 4) >> 2)
  }

  atomicStore(offset: number, value: number): void {
    Atomics.store(this.i32, this.writable(offset, 4) >> 2, value)
  }

  /** A copy of `length` bytes from any offset. */
  getBytes(offset: number, length: number): Uint8Array {
    return copyOut(this, offset, length)
  }

  /** Copies `bytes` in at any offset; page by page, so another locus may see a part. */
  setBytes(offset: number, bytes: Uint8Array): void {
    copyIn(this, offset, bytes)
  }

  fill(offset: number, length: number, byte: number): void {
    fillRange(this, offset, length, byte)
  }

  /** Shows [offset, offset + length) page by page; see `each-page.ts` for the two modes. */
  eachPage(
    offset: number,
    length: number,
    access: 'read' | 'write',
    visit: PageVisitor,
    mode: PageMode = 'checked',
  ): void {
    eachPage(this, offset, length, access, visit, mode)
  }

  /** Whether the access would hit now; never blocks. For loci of the simulator, which trap by themselves. */
  probe(offset: number, access: Access): boolean {
    this.check(offset, 1)
    const entry = this.i32[this.table + (offset >>> this.shift)]!
    return access === 'read' ? entry < 0 : (entry & writeMask) === this.pattern
  }

  /** Region byte address of `offset`, made accessible; valid until the next access of this thread. For this room. */
  address(offset: number, access: 'read' | 'write'): number {
    return access === 'read' ? this.readable(offset, 1) : this.writable(offset, 1)
  }

  /** Throws unless [offset, offset + length) lies in the window. */
  requireRange(offset: number, length: number): void {
    const fits =
      Number.isInteger(offset) &&
      Number.isInteger(length) &&
      offset >= 0 &&
      length >= 0 &&
      offset + length <= this.length
    if (!fits)
      throw new AccessError(
        'out_of_window',
        `[${offset}, ${offset + length}) leaves the window of ${this.length} bytes at ${this.base}; open a window that covers it`,
      )
  }

  private readable(offset: number, size: number): number {
    if (offset !== (offset | 0) || (offset & (size - 1)) !== 0 || offset >>> 0 > this.last)
      this.check(offset, size)
    if (this.i32[this.gen] !== this.generation) this.noteGeneration()
    let entry = this.i32[this.table + (offset >>> this.shift)]!
    if (entry >= 0) entry = this.miss(offset, 'read')
    return (entry & frameMask) | (offset & this.within)
  }

  private writable(offset: number, size: number): number {
    if (offset !== (offset | 0) || (offset & (size - 1)) !== 0 || offset >>> 0 > this.last)
      this.check(offset, size)
    if (this.i32[this.gen] !== this.generation) this.noteGeneration()
    let entry = this.i32[this.table + (offset >>> this.shift)]!
    if ((entry & writeMask) !== this.pattern) entry = this.miss(offset, 'write')
    return (entry & frameMask) | (offset & this.within)
  }

  private miss(offset: number, access: Access): number {
    return this.attachment.settle(this.table + (offset >>> this.shift), this.base + offset, access)
  }

  private noteGeneration(): void {
    if (!this.attachment.attached)
      throw new AccessError(
        'access_denied',
        'the locus has left the container this window belongs to; open a window of the container it is in',
      )
    this.generation = this.attachment.acknowledge()
  }

  private check(offset: number, size: number): void {
    if (!Number.isInteger(offset) || offset < 0 || offset > this.last) {
      throw new AccessError(
        'out_of_window',
        `offset ${offset} leaves the window of ${this.length} bytes at ${this.base}; open a window that covers it`,
      )
    }
    if (offset % size !== 0)
      throw new AccessError(
        'misaligned',
        `offset ${offset} is not a multiple of ${size}; use getBytes or align it`,
      )
  }
}
