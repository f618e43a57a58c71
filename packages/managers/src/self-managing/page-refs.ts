/**
 * Who names a page of a map: how many besides the first, of each own page, in a table of own pages. Maps that share a page
 * share all below it, so one count stands for a whole tree.
 *
 * A count is raised before a name is written and lowered after one is taken back: what goes wrong in between keeps a page too
 * long, never too short. As long as nothing is shared the table is not looked at.
 */
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { OwnLayout } from './own-layout.js'

/** Names of one page besides the first: more than versions and forks there can be. */
const mostExtra = 0xffff

export class PageRefs {
  readonly #layout: OwnLayout
  readonly #window: Window
  /** Sum of all counts; stands in the root page. */
  total = 0

  constructor(layout: OwnLayout, window: Window) {
    this.#layout = layout
    this.#window = window
  }

  /** Whether somebody besides its first names own page `page`. Throws `AccessError` when the table cannot be read. */
  isShared(page: number): boolean {
    return this.total > 0 && this.#window.getUint16(this.#at(page)) > 0
  }

  /** One more names own page `page`. */
  add(page: number): void {
    const at = this.#at(page)
    const count = this.#window.getUint16(at)
    invariant(
      count < mostExtra,
      'MG100: a page of a map is named by no more than its count holds',
      {
        page,
      },
    )
    this.#window.setInt16(at, count + 1)
    this.total++
  }

  /** One more names each of `pages`. Throws `AccessError`, with nothing counted, when a count cannot be written. */
  addAll(pages: readonly number[]): void {
    const counted: number[] = []
    try {
      for (const page of pages) {
        this.add(page)
        counted.push(page)
      }
    } catch (error) {
      for (const page of counted) this.drop(page)
      throw error
    }
  }

  /** One less names a page that is shared. */
  drop(page: number): void {
    const at = this.#at(page)
    const count = this.#window.getUint16(at)
    invariant(count > 0 && this.total > 0, 'MG100: a page is let go as often as it was shared', {
      page,
    })
    this.#window.setInt16(at, count - 1)
    this.total--
  }

  #at(page: number): number {
    invariant(
      page >= this.#layout.first && page < this.#layout.mapsEnd,
      'MG100: only pages of maps are shared',
      { page },
    )
    return this.#layout.refs * this.#layout.pageBytes + page * 2
  }
}
