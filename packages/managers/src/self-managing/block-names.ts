/**
 * How many maps name a block of the disk. A segment's usage counts each block once; how many name it besides the first stands
 * in a table of own pages, by block.
 *
 * A block is given up when the last name goes. As long as nothing is shared the table is not looked at.
 */
import type { DiskBlock } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { OwnLayout } from './own-layout.js'
import type { SegmentUsage } from './segment-usage.js'

/** Names of one block besides the first: more than versions and forks there can be. */
const mostExtra = 0xffff

export interface BlockNamesParts {
  readonly layout: OwnLayout
  readonly window: Window
  readonly usage: SegmentUsage
  /** Makes sure that the self map can hold the place of an own page before that page is used. */
  readonly pin: (page: number) => void
}

export class BlockNames {
  readonly #parts: BlockNamesParts
  readonly #pinned = new Set<number>()
  /** Sum of all counts; stands in the root page. */
  total = 0

  constructor(parts: BlockNamesParts) {
    this.#parts = parts
  }

  /** A map names `block`, and no other does. Throws `AccessError` when the table cannot be read or written. */
  first(block: DiskBlock): void {
    this.#parts.usage.addFolded(block)
  }

  /** A map more names each of `blocks`. They are gone through in their order on the disk. Throws with nothing counted. */
  again(blocks: readonly DiskBlock[]): void {
    const counted: DiskBlock[] = []
    try {
      for (const block of blocks.toSorted((a, b) => a - b)) {
        this.#change(block, 1)
        counted.push(block)
      }
    } catch (error) {
      for (const block of counted) this.#change(block, -1)
      throw error
    }
  }

  /** A map names `block` no more; it was one of those that did. */
  drop(block: DiskBlock): void {
    if (this.count(block) > 1) this.#change(block, -1)
    else this.#parts.usage.unfold(block)
  }

  /** How many maps name `block`, of one that some map names. */
  count(block: DiskBlock): number {
    return this.total === 0 ? 1 : 1 + this.#parts.window.getUint16(this.#at(block))
  }

  #change(block: DiskBlock, by: 1 | -1): void {
    const { window } = this.#parts
    const at = this.#at(block)
    const count = window.getUint16(at) + by
    invariant(
      count >= 0 && count <= mostExtra,
      'MG100: a block’s names are taken back as often as they were given',
      { block, count },
    )
    window.setInt16(at, count)
    this.total += by
  }

  #at(block: DiskBlock): number {
    const { layout, pin } = this.#parts
    const at = layout.names * layout.pageBytes + block * 2
    const page = Math.floor(at / layout.pageBytes)
    invariant(page < layout.end, 'MG100: every block of the disk has a count', { block })
    if (this.#pinned.has(page)) return at
    pin(page)
    this.#pinned.add(page)
    return at
  }
}
