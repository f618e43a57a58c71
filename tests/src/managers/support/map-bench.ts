/** The maps of a self-managing manager over real page tables and frames, and a naive model of them: one plain Map each. */
import { asBlock, asLocus, type DiskBlock } from '@katydid/abi'
import { Dismantling } from '@katydid/managers/self-managing/dismantling.js'
import { BlockNames } from '@katydid/managers/self-managing/block-names.js'
import { OwnAllocator } from '@katydid/managers/self-managing/own-allocator.js'
import { ownLayout, type OwnLayout } from '@katydid/managers/self-managing/own-layout.js'
import { PageMaps } from '@katydid/managers/self-managing/page-map.js'
import { PageRefs } from '@katydid/managers/self-managing/page-refs.js'
import type { MapRoot } from '@katydid/managers/self-managing/place.js'
import { SegmentUsage } from '@katydid/managers/self-managing/segment-usage.js'
import { joinAsLocus, smallMachine } from '../../support/small-machine.js'

const pageBytes = 4096
const ownPages = 640
export const segmentBlocks = 16
export const segments = 40

/** A map and what it should say. */
export interface Modelled {
  readonly map: MapRoot
  readonly model: Map<number, DiskBlock>
}

export class MapBench {
  readonly layout: OwnLayout
  readonly allocator: OwnAllocator
  readonly refs: PageRefs
  readonly names: BlockNames
  readonly usage: SegmentUsage
  readonly maps: PageMaps
  readonly dismantling: Dismantling
  readonly #free: () => number
  #nextBlock = segmentBlocks

  constructor() {
    const { region, lcd, frames, table } = smallMachine(ownPages, ownPages)
    const { window } = joinAsLocus(region, table, asLocus(0), ownPages, {
      resolve: ({ offset }) => {
        const page = Math.floor(offset / pageBytes)
        lcd.install([{ offset: page * pageBytes, frame: frames[page]!, access: 'write' }])
      },
    })
    this.layout = ownLayout(pageBytes, ownPages * pageBytes, (segments + 1) * segmentBlocks)
    const { layout } = this
    this.allocator = new OwnAllocator(layout, window, () => {})
    this.refs = new PageRefs(layout, window)
    this.usage = new SegmentUsage(layout, window, segmentBlocks)
    const { allocator: pages, refs, usage } = this
    this.names = new BlockNames({ layout, window, usage, pin: () => {} })
    const parts = { layout, window, pages, refs, names: this.names }
    this.maps = new PageMaps(parts)
    this.dismantling = new Dismantling(parts, this.maps)
    this.#free = () => {
      let count = 0
      for (let page = pages.freePage; page !== 0; page = window.getUint32(page * pageBytes)) count++
      return count
    }
  }

  /** A block nobody has named so far; null when the disk has no more. */
  newBlock(): DiskBlock | null {
    const block = this.#nextBlock++
    return block < (segments + 1) * segmentBlocks ? asBlock(block) : null
  }

  /** Own pages that are given out. */
  get pagesInUse(): number {
    return this.allocator.allocated - this.layout.first - this.#free()
  }

  /** What of the counts and maps is not as the model says; `exact`: nothing is half taken apart. */
  differences(all: readonly Modelled[]): string[] {
    const found: string[] = []
    const named = new Map<number, Set<number>>()
    for (const [index, { map, model }] of all.entries()) {
      if (this.maps.count(map) !== model.size)
        found.push(`map ${index} has ${this.maps.count(map)} pages, not ${model.size}`)
      for (const [page, block] of model) {
        const place = this.maps.get(map, page)
        if (place?.block !== block)
          found.push(`map ${index} page ${page}: ${place?.block}, not ${block}`)
        const segment = this.usage.segmentOf(block)
        named.set(segment, (named.get(segment) ?? new Set()).add(block))
      }
    }
    for (let segment = 0; segment < segments; segment++) {
      const expected = named.get(segment)?.size ?? 0
      if (this.usage.live(segment) !== expected)
        found.push(`segment ${segment}: ${this.usage.live(segment)} in use, not ${expected}`)
    }
    return found
  }

  /** Takes the map apart to the end, or for so many steps; answers whether it is gone. */
  dismantle({ map }: Modelled, steps = Infinity): boolean {
    for (let step = 0; step < steps; step++) if (!this.dismantling.step(map)) return true
    return false
  }
}
