/**
 * The self map: where each own page stands on the disk. It lies in own pages that are pinned once touched, so reading it
 * while a fault of our own is served never needs a frame; the places of its own pages stand in the root page.
 */
import { asBlock } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { OwnLayout } from './own-layout.js'
import { entryBytes, type PagePlace } from './place.js'

export class SelfMap {
  readonly #layout: OwnLayout
  readonly #window: Window
  /** Places of the self map's own pages, by their index; as of the next root page. */
  readonly places: PagePlace[] = []

  constructor(layout: OwnLayout, window: Window) {
    this.#layout = layout
    this.#window = window
  }

  /** The page of the self map that holds the place of own page `page`. */
  pageFor(page: number): number {
    return this.#layout.selfMap + Math.floor(page / this.#layout.entries)
  }

  /** The place of own page `page`; null when it was never written. */
  get(page: number): PagePlace | null {
    const at = this.#at(page)
    const block = this.#window.getUint32(at)
    return block === 0 ? null : { block: asBlock(block), checksum: this.#window.getUint32(at + 4) }
  }

  /** Own page `page` stands at `place` from now on; answers where it stood. */
  set(page: number, place: PagePlace): PagePlace | null {
    invariant(place.block > 0, 'MG12: an own page stands in a block', { page })
    const before = this.get(page)
    const at = this.#at(page)
    this.#window.setInt32(at, place.block | 0)
    this.#window.setInt32(at + 4, place.checksum | 0)
    return before
  }

  /** Every place in pages of the self map that were ever written. */
  *all(): Generator<PagePlace> {
    for (let index = 0; index < this.places.length; index++) {
      if (this.places[index]!.block === 0) continue
      yield this.places[index]!
      const from = index * this.#layout.entries
      const to = Math.min(from + this.#layout.entries, this.#layout.end)
      for (let page = Math.max(1, from); page < to; page++) {
        const place = this.get(page)
        if (place !== null) yield place
      }
    }
  }

  #at(page: number): number {
    invariant(
      page > 0 && page < this.#layout.end,
      'MG12: the self map covers every own page but the root',
      { page },
    )
    return this.#layout.selfMap * this.#layout.pageBytes + page * entryBytes
  }
}
