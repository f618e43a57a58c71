/**
 * The manager's own container as a store: window, pages, self map, allocator, maps and usage, and how own pages reach the
 * disk. Blocks that the durable root page may name are given up only when a newer one is durable.
 */
import {
  asFrame,
  asInterval,
  type DiskBlock,
  type StateInterval,
  type Status,
  type Token,
} from '@katydid/abi'
import { invariant, type Counters, type Region } from '@katydid/actor'
import { Attachment, type Lcd, Window } from '@katydid/memory'
import type { DiskWriter } from '../paging/disk-writer.js'
import { OwnAllocator } from './own-allocator.js'
import { isSelfMap, type OwnLayout } from './own-layout.js'
import type { BlockReader } from '../paging/paging-context.js'
import { OwnPages, type OwnBacking } from './own-pages.js'
import { BlockNames } from './block-names.js'
import { Dismantling } from './dismantling.js'
import { PageMaps } from './page-map.js'
import { PageRefs } from './page-refs.js'
import { noPlace, type PagePlace } from './place.js'
import { SegmentUsage } from './segment-usage.js'
import { SelfMap } from './self-map.js'

export interface OwnStoreParts {
  readonly region: Region
  readonly lcd: Lcd
  readonly layout: OwnLayout
  readonly read: BlockReader
  readonly writer: DiskWriter
  readonly counters: Counters
  readonly token: Token
  readonly interval: StateInterval
  /** From window_open: the region byte address of the first entry. */
  readonly table: number
  readonly segmentBlocks: number
}

export class OwnStore implements OwnBacking {
  readonly layout: OwnLayout
  readonly window: Window
  readonly pages: OwnPages
  readonly selfMap: SelfMap
  readonly allocator: OwnAllocator
  readonly maps: PageMaps
  readonly dismantling: Dismantling
  readonly refs: PageRefs
  readonly names: BlockNames
  readonly usage: SegmentUsage
  /** The interval its page descriptors carry. */
  interval: StateInterval
  readonly #writer: DiskWriter
  readonly #token: Token
  readonly #counters: Counters
  /** Blocks that the durable root page, or the one being made durable, may name. */
  #superseded: DiskBlock[] = []
  /** Own pages that stand on the disk, and those in use that do not yet. The root page is the kernel’s. */
  #placed = 0
  readonly #fresh = new Set<number>()

  constructor(parts: OwnStoreParts) {
    const { layout } = parts
    this.layout = layout
    this.interval = parts.interval
    this.#writer = parts.writer
    this.#token = parts.token
    this.#counters = parts.counters
    this.pages = new OwnPages(parts.region, parts.lcd, layout, parts.read, parts.counters)
    this.pages.backing = this
    const attachment = new Attachment(parts.region, parts.lcd.container, null, this.pages)
    this.window = new Window(attachment, 0, layout.end * layout.pageBytes, parts.table)
    attachment.attach()
    this.selfMap = new SelfMap(layout, this.window)
    this.allocator = new OwnAllocator(layout, this.window, (page) => this.pinFor(page))
    this.usage = new SegmentUsage(layout, this.window, parts.segmentBlocks)
    this.refs = new PageRefs(layout, this.window)
    const { window, allocator: pages, usage, refs } = this
    this.names = new BlockNames({ layout, window, usage, pin: (page) => this.pinFor(page) })
    const mapsParts = { layout, window, pages, refs, names: this.names }
    this.maps = new PageMaps(mapsParts)
    this.dismantling = new Dismantling(mapsParts, this.maps)
  }

  /** Pins the page of the self map that places own page `page`. */
  pinFor(page: number): void {
    const holder = this.selfMap.pageFor(page)
    invariant(isSelfMap(this.layout, holder), 'MG12: the self map has room for the page', {
      page,
      holder,
    })
    while (this.selfMap.places.length <= holder - this.layout.selfMap)
      this.selfMap.places.push(noPlace)
    this.pages.pin(holder)
  }

  /** Takes over the blocks that the root page leads to, after a start. */
  countPlaces(): void {
    for (const { block } of this.selfMap.all()) {
      this.usage.countOwn(block)
      this.#placed++
    }
    this.#tellPages()
  }

  /** Where own page `page` stands, for whoever brings it in; null when it was never written. */
  locate(page: number): PagePlace | null {
    const place = this.#placeOf(page)
    if (place === null) {
      this.#fresh.add(page)
      this.#tellPages()
    }
    return place
  }

  /** Whether own page `page` stands in `block` now, whatever a descriptor of some earlier day says. */
  standsAt(page: number, block: DiskBlock): boolean {
    const { layout, selfMap } = this
    if (page <= layout.root || page >= layout.end) return false
    if (isSelfMap(layout, page)) return selfMap.places[page - layout.selfMap]?.block === block
    const isPlaced = selfMap.pageFor(page) - layout.selfMap < selfMap.places.length
    return isPlaced && selfMap.get(page)?.block === block
  }

  writeNow(pages: readonly { page: number; content: Uint8Array }[]): Status {
    if (pages.length === 0) return 'ok'
    const reply = this.#writer.writeNow(
      pages.map(({ page, content }) => ({
        cont: this.#token,
        stateInterval: this.interval,
        page,
        frame: asFrame(0),
        content,
      })),
      this.layout.pageBytes,
    )
    if (reply.status !== 'ok') return reply.status === 'disk_full' ? 'disk_full' : 'io_error'
    pages.forEach(({ page }, index) => this.#moved(page, reply.places[index]!))
    return 'ok'
  }

  /**
   * Writes every dirty own page, the self map last; then every one of them is clean. One page at least: a disk holds no log for an owner that has
   * trimmed behind all it wrote, and the root page needs it from there on.
   */
  writeAll(): Status {
    if (this.pages.isClean) this.pages.soil(this.layout.selfMap)
    for (const selfMap of [false, true]) {
      const dirty = this.pages.dirty(selfMap)
      const status = this.writeNow(dirty)
      if (status !== 'ok') return status
      this.pages.clean(dirty)
    }
    return 'ok'
  }

  /** A new interval is open; answers the blocks that the root page of the closed one does not name any more. */
  close(interval: StateInterval): DiskBlock[] {
    invariant(interval >= this.interval, 'SI1: names of snapshots rise', {
      interval,
      open: this.interval,
    })
    this.interval = asInterval(interval + 1)
    return this.#superseded.splice(0)
  }

  /** The root page could not be made durable: the older one still names these blocks. */
  keep(blocks: readonly DiskBlock[]): void {
    this.#superseded.push(...blocks)
  }

  #moved(page: number, place: PagePlace): void {
    this.usage.ownWritten(place.block)
    invariant(page !== this.layout.root, 'MG12: the root page is the kernel’s to write', {
      block: place.block,
    })
    const inSelfMap = isSelfMap(this.layout, page)
    const index = page - this.layout.selfMap
    const before = inSelfMap ? this.selfMap.places[index]! : this.selfMap.set(page, place)
    if (inSelfMap) this.selfMap.places[index] = place
    if (before !== null && before.block !== 0) this.#superseded.push(before.block)
    else {
      this.#fresh.delete(page)
      this.#placed++
      this.#tellPages()
    }
  }

  #placeOf(page: number): PagePlace | null {
    if (!isSelfMap(this.layout, page)) return this.selfMap.get(page)
    const place = this.selfMap.places[page - this.layout.selfMap]
    invariant(place !== undefined, 'MG12: the root page places every page of the self map in use', {
      page,
    })
    return place.block === 0 ? null : place
  }

  #tellPages(): void {
    const pages = this.#placed + this.#fresh.size
    invariant(pages < this.layout.end, 'MG12: an own page is counted once', { pages })
    this.#counters.max('ownPagesMax', pages)
  }
}
