/** Header and descriptors of a heap as named words. */
import { heapHeader, heapPageBytes, pageDescriptor, spanBins } from './heap-layout.js'
import type { WordMemory } from './memory.js'

type HeaderField = keyof typeof heapHeader.at
type PageField = keyof typeof pageDescriptor.at

const descriptors = heapPageBytes

export class HeapWords {
  readonly memory: WordMemory
  readonly at: number

  constructor(memory: WordMemory, at: number) {
    this.memory = memory
    this.at = at
  }

  get(field: HeaderField, index = 0): number {
    return this.memory.getInt32(this.at + (heapHeader.at[field] + index) * 4)
  }

  set(field: HeaderField, value: number, index = 0): void {
    this.memory.setInt32(this.at + (heapHeader.at[field] + index) * 4, value)
  }

  getFloat(field: 'length' | 'bytesInUse'): number {
    return this.memory.getFloat64(this.at + heapHeader.at[field] * 4)
  }

  setFloat(field: 'length' | 'bytesInUse', value: number): void {
    this.memory.setFloat64(this.at + heapHeader.at[field] * 4, value)
  }

  /** A word of page `page`'s descriptor. */
  page(page: number, field: PageField, index = 0): number {
    return this.memory.getInt32(this.#descriptor(page) + (pageDescriptor.at[field] + index) * 4)
  }

  setPage(page: number, field: PageField, value: number, index = 0): void {
    this.memory.setInt32(this.#descriptor(page) + (pageDescriptor.at[field] + index) * 4, value)
  }

  /** Puts the page at the front of the list whose head is `index` of `list`. */
  push(list: 'bins' | 'classes', index: number, page: number): void {
    const first = this.get(list, index)
    this.setPage(page, 'next', first)
    this.setPage(page, 'previous', 0)
    if (first !== 0) this.setPage(first - 1, 'previous', page + 1)
    this.set(list, page + 1, index)
    if (list === 'bins') this.#markBin(index, true)
  }

  unlink(list: 'bins' | 'classes', index: number, page: number): void {
    const next = this.page(page, 'next')
    const previous = this.page(page, 'previous')
    if (next !== 0) this.setPage(next - 1, 'previous', previous)
    if (previous !== 0) this.setPage(previous - 1, 'next', next)
    else this.set(list, next, index)
    if (list === 'bins' && next === 0 && previous === 0) this.#markBin(index, false)
  }

  /** The first bin from `from` on that has a span, or -1. */
  binFrom(from: number): number {
    for (let word = from >> 5; word < spanBins >> 5; word++) {
      const shift = word === from >> 5 ? from & 31 : 0
      const bits = (this.get('binBits', word) >>> shift) << shift
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits)
    }
    return -1
  }

  #markBin(index: number, present: boolean): void {
    const bits = this.get('binBits', index >> 5)
    const bit = 1 << (index & 31)
    this.set('binBits', present ? bits | bit : bits & ~bit, index >> 5)
  }

  #descriptor(page: number): number {
    return this.at + descriptors + page * pageDescriptor.bytes
  }
}
