/**
 * What every window has besides its typed accessors: its hot fields, the way of an access that did not hit, byte ranges,
 * atomics and views.
 *
 * A miss is settled on this thread and answers an address that is good until the thread's next access. Nothing here keeps
 * a translation.
 */
import { entryBits, maxWindowBytes, writeMask, type Access } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { AccessError } from './access-error.js'
import type { Attachment, HotFields } from './attachment.js'
import { copyIn, copyOut, fillRange } from './byte-ranges.js'
import { eachPage, type PageMode, type PageVisitor } from './each-page.js'
import { ownBinding, type WindowBinding } from './window-binding.js'

/** A bit outside the write mask: no entry ever equals it under the mask. */
const noPattern = 1

export abstract class WindowBase implements HotFields {
  // Fields are declared, not defined, so that each is stored exactly once: the engine then treats it as constant.
  declare readonly attachment: Attachment
  /** Byte offset of the window in the container it was opened in. */
  declare readonly base: number
  /** Byte offset of its first byte in the container that supplies its pages: `base`, unless it is on a mapping. */
  declare readonly origin: number
  /** Whether stores are allowed at all. */
  declare readonly writable: boolean
  declare readonly length: number
  /** Word index of the container's `gen`, and of the entry of the window's first page. */
  declare protected readonly gen: number
  declare protected readonly table: number
  /** The last offset, in units of 1, 2, 4 and 8 bytes. */
  declare protected readonly last: number
  declare protected readonly last2: number
  declare protected readonly last4: number
  declare protected readonly last8: number
  declare protected generation: number
  declare protected pattern: number
  /** How it came to its pages, the word that says when to ask again, and what that word was when it was last sure. */
  declare readonly binding: WindowBinding
  declare readonly mappings: number
  #sure: number
  /** Why it refuses for good. */
  #lost: AccessError | null = null

  /** See `WindowConstructor`. */
  constructor(
    attachment: Attachment,
    base: number,
    length: number,
    table: number,
    binding: WindowBinding = ownBinding(attachment, base),
  ) {
    const { region } = attachment
    invariant(
      base % region.plan.shape.pageBytes === 0 && length % 8 === 0,
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
    this.origin = binding.origin
    this.writable = binding.writable
    this.binding = binding
    this.mappings = region.containerWord(binding.host, 'mappings')
    this.#sure = binding.mappings
    this.gen = region.containerWord(attachment.container, 'gen')
    this.table = table >> 2
    this.last = length - 1
    this.last2 = this.last >>> 1
    this.last4 = this.last >>> 2
    this.last8 = this.last >>> 3
    this.generation = 0
    this.pattern = noPattern
    attachment.join(this)
  }

  renew(generation: number, pattern: number): void {
    // The mappings word is raised before any generation: who has taken note of the generation sees that too.
    if (!this.#isSure()) return this.close()
    this.generation = generation
    this.pattern = this.writable ? pattern : noPattern
  }

  close(): void {
    // No entry matches this pattern, and the next access goes the slow way by a generation that is not current.
    this.pattern = noPattern
    this.generation = (this.attachment.region.i32[this.gen]! + 0x40000000) | 0
  }

  /** Whether it is what a window would be that is opened now, by that attachment and with these bounds. */
  isStill(
    attachment: Attachment,
    {
      length,
      table,
      origin,
      writable,
    }: Pick<WindowBase, 'length' | 'origin' | 'writable'> & { readonly table: number },
  ): boolean {
    return (
      this.#lost === null &&
      this.attachment === attachment &&
      this.length === length &&
      this.table === table >> 2 &&
      this.origin === origin &&
      this.writable === writable
    )
  }

  /** Another takes its place: it refuses for good, for this reason. */
  giveUp(why: AccessError): void {
    this.#lost ??= why
    this.close()
    this.attachment.part(this)
  }

  /** Nothing is noted of any page. */
  forget(): void {}

  /** Whether an access to the page was noted since the last capture. Only accesses through mappings are. */
  isNoted(_offset: number, _access: Access): boolean {
    return true
  }

  /** Notes one that comes; it may wait. */
  note(_offset: number, _access: Access): void {}

  /** Atomic on an aligned 32-bit word: adds and answers what it held. */
  add(offset: number, value: number): number {
    return Atomics.add(this.attachment.region.i32, this.missWrite(offset, 4, true) >> 2, value)
  }

  /** Atomic: stores `value` if the word holds `expected`; answers what it held. */
  compareExchange(offset: number, expected: number, value: number): number {
    const index = this.missWrite(offset, 4, true) >> 2
    return Atomics.compareExchange(this.attachment.region.i32, index, expected, value)
  }

  /** Atomic: stores `value`; answers what the word held. */
  exchange(offset: number, value: number): number {
    return Atomics.exchange(this.attachment.region.i32, this.missWrite(offset, 4, true) >> 2, value)
  }

  /** Atomic: stores `word & bits`; answers what it held. */
  and(offset: number, bits: number): number {
    return Atomics.and(this.attachment.region.i32, this.missWrite(offset, 4, true) >> 2, bits)
  }

  /** Atomic: stores `word | bits`; answers what it held. */
  or(offset: number, bits: number): number {
    return Atomics.or(this.attachment.region.i32, this.missWrite(offset, 4, true) >> 2, bits)
  }

  atomicLoad(offset: number): number {
    return Atomics.load(this.attachment.region.i32, this.missRead(offset, 4, true) >> 2)
  }

  atomicStore(offset: number, value: number): void {
    Atomics.store(this.attachment.region.i32, this.missWrite(offset, 4, true) >> 2, value)
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
    this.#check(offset, 1)
    const entry = this.attachment.region.i32[this.#index(offset)]!
    return access === 'read' ? entry < 0 : (entry & writeMask) === this.pattern
  }

  /** Region byte address of `offset`, made accessible; valid until the next access of this thread. For this room. */
  address(offset: number, access: 'read' | 'write'): number {
    return access === 'read' ? this.missRead(offset, 1, true) : this.missWrite(offset, 1, true)
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

  /**
   * The whole way of a read, from checks to trap: answers the region byte address. Accessors call it with `called` false:
   * the engine never puts a function into itself, so the loops below stay out of the caller's loop, which it would
   * otherwise not peel (docs/performance.md).
   */
  protected missRead(offset: number, size: number, called: boolean): number {
    if (!called) return this.missRead(offset, size, true)
    this.#check(offset, size)
    const { i32 } = this.attachment.region
    const index = this.#index(offset)
    for (;;) {
      if (i32[this.gen] !== this.generation) this.#noteGeneration()
      if (!this.isNoted(offset, 'read')) {
        this.note(offset, 'read')
        continue
      }
      let entry = i32[index]!
      if (entry < 0) return this.#translate(entry, offset)
      entry = this.attachment.settle(index, this.origin + offset, 'read')
      if (this.#isOpen() && this.isNoted(offset, 'read')) return this.#translate(entry, offset)
    }
  }

  /** The same for a store: the entry must match the pattern of the present capture. */
  protected missWrite(offset: number, size: number, called: boolean): number {
    if (!called) return this.missWrite(offset, size, true)
    this.#check(offset, size)
    const { i32 } = this.attachment.region
    const index = this.#index(offset)
    for (;;) {
      if (i32[this.gen] !== this.generation) this.#noteGeneration()
      if (!this.writable) throw this.#readOnly(offset)
      if (!this.isNoted(offset, 'write')) {
        this.note(offset, 'write')
        continue
      }
      let entry = i32[index]!
      if ((entry & writeMask) === this.pattern) return this.#translate(entry, offset)
      entry = this.attachment.settle(index, this.origin + offset, 'write')
      if (this.#isOpen() && this.isNoted(offset, 'write')) return this.#translate(entry, offset)
    }
  }

  #index(offset: number): number {
    return this.table + Math.floor(offset / this.attachment.region.plan.shape.pageBytes)
  }

  #translate(entry: number, offset: number): number {
    invariant(entry < 0, 'ME4: what is used shows a frame', { entry, offset })
    return (
      (entry & entryBits.frameMask) | (offset & (this.attachment.region.plan.shape.pageBytes - 1))
    )
  }

  #noteGeneration(): void {
    for (;;) {
      if (!this.attachment.attached)
        throw new AccessError(
          'access_denied',
          'the locus has left the container this window belongs to; open a window of the container it is in',
        )
      if (this.#lost !== null) throw this.#lost
      this.generation = this.attachment.acknowledge()
      if (this.attachment.shut) this.attachment.waitUntilOpen()
      // Looked at after the acknowledgement: a mapping that ends from here on waits for our next one.
      else if (!this.#isSure()) this.#confirm()
      else break
    }
    // A capture of the supplier may have been made since: of one's own container none is while one runs in it.
    this.pattern = this.writable ? this.attachment.pattern : noPattern
  }

  /** Whether what was settled may be used: the mappings may have changed while the access waited for its page. */
  #isOpen(): boolean {
    return this.generation === this.attachment.generation
  }

  #isSure(): boolean {
    return this.#lost === null && this.attachment.region.words.load(this.mappings) === this.#sure
  }

  /** Asks the kernel, shut meanwhile. */
  #confirm(): void {
    const asked = this.attachment.region.words.load(this.mappings)
    this.close()
    const lost = this.binding.confirm()
    if (lost !== null) {
      this.#lost = lost
      throw lost
    }
    this.#sure = asked
    this.renew(this.attachment.generation, this.attachment.pattern)
  }

  #readOnly(offset: number): AccessError {
    return new AccessError(
      'access_denied',
      `a store at offset ${offset} of a window that may only be read; map the region with the right to write`,
    )
  }

  #check(offset: number, size: number): void {
    if (!Number.isInteger(offset) || offset < 0 || offset > this.last)
      throw new AccessError(
        'out_of_window',
        `offset ${offset} leaves the window of ${this.length} bytes at ${this.base}; open a window that covers it`,
      )
    if (offset % size !== 0)
      throw new AccessError(
        'misaligned',
        `offset ${offset} is not a multiple of ${size}; use getBytes or align it`,
      )
  }
}
