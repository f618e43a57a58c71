/**
 * The maps of the containers: radix trees in own pages, each page an array of (block, checksum), or on the way down of
 * (own page, 0). They show each container as of its newest folded interval.
 */
import { asBlock } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { OwnAllocator } from './own-allocator.js'
import type { OwnLayout } from './own-layout.js'
import { entryBytes, type MapRoot, type PagePlace } from './place.js'

export class PageMaps {
  readonly #layout: OwnLayout
  readonly #window: Window
  readonly #pages: OwnAllocator

  constructor(layout: OwnLayout, window: Window, pages: OwnAllocator) {
    this.#layout = layout
    this.#window = window
    this.#pages = pages
  }

  /** Where page `page` stands; null when it was never written. Throws `AccessError` when the map itself cannot be read. */
  get(map: MapRoot, page: number): PagePlace | null {
    if (map.height === 0 || page >= this.#span(map.height)) return null
    let node = map.page
    for (let level = map.height; level > 1; level--) {
      node = this.#window.getUint32(this.#entry(node, page, level))
      if (node === 0) return null
    }
    return this.#leaf(this.#entry(node, page, 1))
  }

  /** Notes where page `page` stands from now on; answers where it stood. */
  set(map: MapRoot, page: number, place: PagePlace): PagePlace | null {
    invariant(place.block > 0, 'MG4: what a map names was written', { page })
    while (map.height === 0 || page >= this.#span(map.height)) this.#grow(map)
    let node = map.page
    for (let level = map.height; level > 1; level--) {
      const at = this.#entry(node, page, level)
      let child = this.#window.getUint32(at)
      if (child === 0) {
        child = this.#pages.take()
        this.#window.setInt32(at, child)
      }
      node = child
    }
    const at = this.#entry(node, page, 1)
    const before = this.#leaf(at)
    this.#window.setInt32(at, place.block | 0)
    this.#window.setInt32(at + 4, place.checksum | 0)
    return before
  }

  /**
   * Takes one page of the map apart and answers the places that stood in it; null when nothing is left. May stop and go
   * on at any later time, also after a restart.
   */
  dismantle(map: MapRoot): PagePlace[] | null {
    if (map.height === 0) return null
    let node = map.page
    invariant(node !== 0, 'MG12: a map of some height has a page at its top', {
      height: map.height,
    })
    let parent = 0
    for (let level = map.height; level > 1; level--) {
      const entry = this.#firstChild(node)
      if (entry === -1) return this.#release(map, node, parent)
      parent = entry
      node = this.#window.getUint32(entry)
    }
    const places: PagePlace[] = []
    for (let index = 0; index < this.#layout.entries; index++) {
      const place = this.#leaf(node * this.#layout.pageBytes + index * entryBytes)
      if (place !== null) places.push(place)
    }
    this.#release(map, node, parent)
    return places
  }

  #release(map: MapRoot, node: number, parent: number): PagePlace[] {
    if (parent === 0) {
      map.page = 0
      map.height = 0
    } else this.#window.setInt32(parent, 0)
    this.#pages.give(node)
    return []
  }

  #firstChild(node: number): number {
    const base = node * this.#layout.pageBytes
    for (let index = 0; index < this.#layout.entries; index++) {
      const at = base + index * entryBytes
      if (this.#window.getUint32(at) !== 0) return at
    }
    return -1
  }

  #grow(map: MapRoot): void {
    const top = this.#pages.take()
    if (map.height > 0) this.#window.setInt32(top * this.#layout.pageBytes, map.page)
    map.page = top
    map.height++
    invariant(map.height <= 6, 'MG12: a map has as many levels as 2^48 bytes need', {
      height: map.height,
    })
  }

  #leaf(at: number): PagePlace | null {
    const block = this.#window.getUint32(at)
    return block === 0 ? null : { block: asBlock(block), checksum: this.#window.getUint32(at + 4) }
  }

  #entry(node: number, page: number, level: number): number {
    const index = Math.floor(page / this.#span(level - 1)) % this.#layout.entries
    return node * this.#layout.pageBytes + index * entryBytes
  }

  /** Pages that a tree of `height` levels covers. */
  #span(height: number): number {
    return this.#layout.entries ** height
  }
}
