/**
 * Takes maps apart, a few pages at a time. A page that another map names too is only let go; of one that is nobody else's,
 * what it names is let go first.
 *
 * May stop and go on at any later time, also after a restart: what is gone through already is not named any more. A name is
 * taken out before its count is lowered, so an error in between keeps something too long, never too short.
 */
import { asBlock } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { BlockNames } from './block-names.js'
import type { OwnAllocator } from './own-allocator.js'
import type { OwnLayout } from './own-layout.js'
import type { PageMaps, PageMapsParts } from './page-map.js'
import type { PageRefs } from './page-refs.js'
import { entryBytes, type MapRoot } from './place.js'

/** Children that are shared let go in one step at the most. */
const mostShared = 64

export class Dismantling {
  readonly #layout: OwnLayout
  readonly #window: Window
  readonly #pages: OwnAllocator
  readonly #refs: PageRefs
  readonly #names: BlockNames
  readonly #maps: PageMaps

  constructor(parts: PageMapsParts, maps: PageMaps) {
    this.#layout = parts.layout
    this.#window = parts.window
    this.#pages = parts.pages
    this.#refs = parts.refs
    this.#names = parts.names
    this.#maps = maps
  }

  /** One step; answers whether something was left to do. `unlink` is called before the map's top goes: nobody names it from then on. */
  step(map: MapRoot, unlink: () => void = () => {}): boolean {
    if (map.height === 0) {
      unlink()
      return false
    }
    let node = map.page
    invariant(node !== 0, 'MG12: a map of some height has a page at its top', {
      height: map.height,
    })
    const free = (): void => {
      map.page = 0
      map.height = 0
      unlink()
    }
    if (this.#refs.isShared(node)) {
      free()
      this.#refs.drop(node)
      return true
    }
    let release = free
    for (let level = map.height; level > 1; level--) {
      const child = this.#nextChild(node)
      if (child === 'done') return true
      if (child === null) {
        release()
        this.#pages.give(node)
        return true
      }
      release = () => this.#window.setInt32(child, 0)
      node = this.#window.getUint32(child)
    }
    const blocks = this.#maps
      .entries(node)
      .filter(({ first }) => first !== 0)
      .map(({ first }) => asBlock(first))
    release()
    for (const block of blocks.sort((a, b) => a - b)) this.#names.drop(block)
    this.#pages.give(node)
    return true
  }

  /** Lets go of shared children; the entry of the first that is not, null when none is left, `done` when that was work enough. */
  #nextChild(node: number): number | null | 'done' {
    const base = node * this.#layout.pageBytes
    let shared = 0
    invariant(base > 0, 'MG12: the root page is no page of a map', { node })
    for (const [index, { first }] of this.#maps.entries(node).entries()) {
      if (first === 0) continue
      const at = base + index * entryBytes
      if (!this.#refs.isShared(first)) return shared > 0 ? 'done' : at
      if (shared++ === mostShared) return 'done'
      this.#window.setInt32(at, 0)
      this.#refs.drop(first)
    }
    return shared > 0 ? 'done' : null
  }
}
