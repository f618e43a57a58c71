/** A set of page numbers that only grows: one bit a page, in chunks made when first needed. */
import { invariant } from '@katydid/actor'
const chunkPages = 32768

export class PageBits {
  readonly #chunks = new Map<number, Uint32Array>()

  /** Adds the page; answers whether it was in the set before. */
  add(page: number): boolean {
    invariant(Number.isInteger(page) && page >= 0, 'MG4: pages are numbered from 0', { page })
    const key = Math.floor(page / chunkPages)
    let chunk = this.#chunks.get(key)
    if (chunk === undefined) {
      chunk = new Uint32Array(chunkPages / 32)
      this.#chunks.set(key, chunk)
    }
    const bit = page - key * chunkPages
    const before = chunk[bit >> 5]! & (1 << (bit & 31))
    chunk[bit >> 5]! |= 1 << (bit & 31)
    return before !== 0
  }
}
