/**
 * The maps of containers and of their retained snapshots: radix trees in own pages. A leaf is an array of (block, checksum);
 * on the way down an entry is (own page, pages that stand below it).
 *
 * Maps share pages. Who changes one makes the pages on the way down its own first, by copying those that somebody else names
 * too; what hangs below a copy, and the blocks in a copied leaf, have one name more. So a map that was shared stays as it is
 * for good, but for blocks that cleaning moves: those change place in all maps at once.
 */
import { asBlock, type DiskBlock } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { BlockNames } from './block-names.js'
import type { OwnAllocator } from './own-allocator.js'
import type { OwnLayout } from './own-layout.js'
import type { PageRefs } from './page-refs.js'
import { entryBytes, type MapRoot, type PagePlace } from './place.js'

export interface PageMapsParts {
  readonly layout: OwnLayout
  readonly window: Window
  readonly pages: OwnAllocator
  readonly refs: PageRefs
  readonly names: BlockNames
}

/** A leaf of a map: entry `i` is page `first + i`, as (block, checksum); block 0: never written. */
export interface Leaf {
  readonly first: number
  readonly entries: readonly { readonly first: number; readonly second: number }[]
}

export class PageMaps {
  readonly #layout: OwnLayout
  readonly #window: Window
  readonly #pages: OwnAllocator
  readonly #refs: PageRefs
  readonly #names: BlockNames
  /** Pages copied so far because somebody else names them: each is some work. */
  copies = 0

  constructor(parts: PageMapsParts) {
    this.#layout = parts.layout
    this.#window = parts.window
    this.#pages = parts.pages
    this.#refs = parts.refs
    this.#names = parts.names
  }

  /** Where page `page` stands; null when it was never written. Throws `AccessError` when the map itself cannot be read. */
  get(map: Readonly<MapRoot>, page: number): PagePlace | null {
    const at = this.#leafEntry(map, page)
    return at === -1 ? null : this.#leaf(at)
  }

  /** Pages that stand in the map. */
  count(map: Readonly<MapRoot>): number {
    if (map.height === 0) return 0
    let pages = 0
    for (const { first, second } of this.entries(map.page))
      pages += map.height > 1 ? second : first === 0 ? 0 : 1
    return pages
  }

  /** The first leaf that holds page `from` or a later one; its first page and its entries. Null: there is none. */
  leafFrom(map: Readonly<MapRoot>, from: number): Leaf | null {
    return map.height === 0 ? null : this.#leafBelow(map.page, map.height, 0, from)
  }

  #leafBelow(node: number, level: number, first: number, from: number): Leaf | null {
    invariant(level > 0, 'MG12: a leaf is of level 1', { level })
    const span = this.#span(level - 1)
    const entries = this.entries(node)
    if (level === 1) return from < first + entries.length ? { first, entries } : null
    const begin = Math.max(0, Math.floor((from - first) / span))
    for (let index = begin; index < entries.length; index++) {
      const child = entries[index]!.first
      if (child === 0) continue
      const found = this.#leafBelow(child, level - 1, first + index * span, from)
      if (found !== null) return found
    }
    return null
  }

  /** A second name for the map: it stays as it is now, whatever becomes of the other. */
  share(map: Readonly<MapRoot>): MapRoot {
    if (map.height > 0) this.#refs.add(map.page)
    return { page: map.page, height: map.height }
  }

  /** Notes where page `page` stands from now on. The same place again changes nothing. */
  set(map: MapRoot, page: number, place: PagePlace): void {
    invariant(place.block > 0, 'MG4: what a map names was written', { page })
    while (map.height === 0 || page >= this.#span(map.height)) this.#grow(map)
    const passed = this.#makeOwn(map, page)
    const at = passed.pop()!
    const before = this.#leaf(at)
    if (before?.block === place.block) return
    // Counted before it is named, and named before the other is given up: an error in between keeps too much, never too little.
    this.#names.first(place.block)
    this.#put(at, place)
    if (before !== null) this.#names.drop(before.block)
    else
      for (const each of passed)
        this.#window.setInt32(each + 4, this.#window.getInt32(each + 4) + 1)
  }

  /** Block `from`, which holds page `page` in some of `maps`, stands at `to` now: in all of them at once. Answers how many leaves named it. */
  move(maps: Iterable<Readonly<MapRoot>>, page: number, from: DiskBlock, to: PagePlace): number {
    const entries = this.#naming(maps, page, from)
    const [one, ...others] = entries
    if (one === undefined) return 0
    this.#names.first(to.block)
    this.#names.again(others.map(() => to.block))
    for (const at of entries) {
      this.#put(at, to)
      this.#names.drop(from)
    }
    return entries.length
  }

  /** Whether one of `maps` names `block` as page `page`. */
  isNamed(maps: Iterable<Readonly<MapRoot>>, page: number, block: DiskBlock): boolean {
    for (const map of maps) if (this.get(map, page)?.block === block) return true
    return false
  }

  /** The entries of a page of a map, as they stand. */
  entries(node: number): { readonly first: number; readonly second: number }[] {
    const bytes = this.#window.getBytes(node * this.#layout.pageBytes, this.#layout.pageBytes)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return Array.from({ length: this.#layout.entries }, (_, index) => ({
      first: view.getUint32(index * entryBytes, true),
      second: view.getUint32(index * entryBytes + 4, true),
    }))
  }

  /** Leaves' entries of `page` that name the block; each leaf once, however many maps share it. */
  #naming(maps: Iterable<Readonly<MapRoot>>, page: number, block: DiskBlock): number[] {
    const found = new Set<number>()
    const most = this.#names.count(block)
    for (const map of maps) {
      const at = this.#leafEntry(map, page)
      if (at !== -1 && this.#window.getUint32(at) === block) found.add(at)
      if (found.size === most) break
    }
    invariant(found.size <= most, 'MG100: a block is counted as often as leaves name it', {
      block,
      found: found.size,
      most,
    })
    return [...found]
  }

  /** Makes the pages on the way to `page` the map's own; answers the entries passed, the leaf's last. */
  #makeOwn(map: MapRoot, page: number): number[] {
    const passed: number[] = []
    let node = map.page
    if (this.#refs.isShared(node)) {
      node = this.#copy(map.page, map.height)
      this.#unshare(map.page, () => {
        map.page = node
      })
    }
    for (let level = map.height; level > 1; level--) {
      const at = this.#entry(node, page, level)
      passed.push(at)
      const child = this.#window.getUint32(at)
      node = child === 0 ? this.#pages.take() : child
      if (child === 0) this.#window.setInt32(at, node)
      else if (this.#refs.isShared(child)) {
        node = this.#copy(child, level - 1)
        this.#unshare(child, () => this.#window.setInt32(at, node))
      }
    }
    passed.push(this.#entry(node, page, 1))
    return passed
  }

  #unshare(node: number, rename: () => void): void {
    rename()
    this.#refs.drop(node)
  }

  /** A page like `node`, of `level`; what it names has one name more. Throws `AccessError`, with nothing changed. */
  #copy(node: number, level: number): number {
    const named = this.entries(node)
      .map(({ first }) => first)
      .filter((first) => first !== 0)
    const copy = this.#pages.take()
    invariant(copy !== node, 'MG100: a copy is another page', { node, level })
    try {
      if (level > 1) this.#refs.addAll(named)
      else this.#names.again(named.map(asBlock))
    } catch (error) {
      this.#pages.give(copy)
      throw error
    }
    const { pageBytes } = this.#layout
    this.#window.setBytes(copy * pageBytes, this.#window.getBytes(node * pageBytes, pageBytes))
    this.copies++
    return copy
  }

  #grow(map: MapRoot): void {
    const top = this.#pages.take()
    if (map.height > 0) {
      const at = top * this.#layout.pageBytes
      this.#window.setInt32(at + 4, this.count(map))
      this.#window.setInt32(at, map.page)
    }
    map.page = top
    map.height++
    invariant(map.height <= 6, 'MG12: a map has as many levels as 2^48 bytes need', {
      height: map.height,
    })
  }

  /** Where the entry of `page` stands in a leaf; -1 when there is no such leaf. */
  #leafEntry(map: Readonly<MapRoot>, page: number): number {
    if (map.height === 0 || page >= this.#span(map.height)) return -1
    let node = map.page
    for (let level = map.height; level > 1; level--) {
      node = this.#window.getUint32(this.#entry(node, page, level))
      if (node === 0) return -1
    }
    return this.#entry(node, page, 1)
  }

  #put(at: number, place: PagePlace): void {
    this.#window.setInt32(at, place.block | 0)
    this.#window.setInt32(at + 4, place.checksum | 0)
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
