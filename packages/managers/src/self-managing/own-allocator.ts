/**
 * Gives own pages to the maps and takes them back. Free pages form a list through their own first words, so that nothing
 * of it needs memory elsewhere than in the root page.
 */
import { invariant } from '@katydid/actor'
import { AccessError, type Window } from '@katydid/memory'
import type { OwnLayout } from './own-layout.js'

export class OwnAllocator {
  readonly #layout: OwnLayout
  readonly #window: Window
  readonly #pin: (page: number) => void
  /** Pages below this number are in use or in the free list. */
  allocated: number
  freePage = 0

  /** `pin` makes sure that the self map can hold the place of a page before that page is used. */
  constructor(layout: OwnLayout, window: Window, pin: (page: number) => void) {
    this.#layout = layout
    this.#window = window
    this.#pin = pin
    this.allocated = layout.first
  }

  /** A page of zeros. Throws `AccessError` no_resource when the own container is full. */
  take(): number {
    const reused = this.freePage
    if (reused !== 0) {
      invariant(reused < this.allocated, 'MG12: the free list holds pages that were given out', {
        reused,
      })
      const next = this.#window.getUint32(reused * this.#layout.pageBytes)
      this.#window.fill(reused * this.#layout.pageBytes, this.#layout.pageBytes, 0)
      this.freePage = next
      return reused
    }
    const page = this.allocated
    if (page >= this.#layout.mapsEnd)
      throw new AccessError(
        'no_resource',
        `the manager’s own container of ${this.#layout.end} pages is full; make it larger`,
      )
    this.#pin(page)
    this.allocated++
    // A page number may have been in use before a crash: what its newest map says never written reads as zeros.
    this.#window.fill(page * this.#layout.pageBytes, this.#layout.pageBytes, 0)
    return page
  }

  give(page: number): void {
    invariant(
      page >= this.#layout.first && page < this.allocated,
      'MG12: only a page that was given out comes back',
      {
        page,
        allocated: this.allocated,
      },
    )
    this.#window.setInt32(page * this.#layout.pageBytes, this.freePage)
    this.freePage = page
  }
}
