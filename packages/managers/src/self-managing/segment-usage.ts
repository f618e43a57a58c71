/**
 * How many blocks the manager needs in each segment of its disk, and which segments it needs no more.
 *
 * Blocks that maps name are counted in own pages, since they survive with the maps; blocks of open deltas, of unfolded
 * versions and of own pages are counted here and counted anew at a start. A segment is freed only when both counts are
 * zero in the durable root page and now.
 */
import type { DiskBlock } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { OwnLayout } from './own-layout.js'

export class SegmentUsage {
  readonly #layout: OwnLayout
  readonly #window: Window
  readonly #segmentBlocks: number
  readonly #unfolded: Int32Array
  /** Segments whose count fell, or of which nobody knows after a start. */
  readonly #candidates = new Set<number>()
  /** Where the newest page was written: later ones may go there. */
  #newest = -1

  constructor(layout: OwnLayout, window: Window, segmentBlocks: number) {
    this.#layout = layout
    this.#window = window
    this.#segmentBlocks = segmentBlocks
    this.#unfolded = new Int32Array(layout.usageSegments)
  }

  /** Every segment the disk has may turn out to be needed by nobody. */
  suspectAll(segments: number): void {
    for (let s = 0; s < Math.min(segments, this.#layout.usageSegments); s++) this.#candidates.add(s)
  }

  /** A page was written to `block`. */
  written(block: DiskBlock): void {
    invariant(block > 0, 'MG15: a page written has a block', { block })
    this.#newest = this.#segment(block)
    this.count(block)
  }

  /** `block` is needed by a delta, a version or an own page. */
  count(block: DiskBlock): void {
    this.#unfolded[this.#segment(block)]!++
  }

  /** `block` is no longer needed by a delta, a version or an own page. */
  drop(block: DiskBlock): void {
    const segment = this.#segment(block)
    this.#unfolded[segment]!--
    invariant(
      this.#unfolded[segment]! >= 0,
      'MG15: a block is dropped as often as it was counted',
      { block, segment },
    )
    this.#candidates.add(segment)
  }

  /** A map names `block` from now on. */
  addFolded(block: DiskBlock): void {
    this.#change(block, 1)
  }

  /** A map names `block` no more. */
  unfold(block: DiskBlock): void {
    this.#change(block, -1)
    this.#candidates.add(this.#segment(block))
  }

  /**
   * Segments needed by nothing, taken from the list of candidates. Called when the root page that shows the same maps is
   * durable and no write is unanswered.
   */
  takeUnneeded(): number[] {
    if (this.#newest === -1) return []
    const unneeded = [...this.#candidates].filter(
      (s) => s !== this.#newest && this.#unfolded[s] === 0 && this.#folded(s) === 0,
    )
    const newestOnly = this.#candidates.has(this.#newest)
    this.#candidates.clear()
    if (newestOnly) this.#candidates.add(this.#newest)
    return unneeded
  }

  #change(block: DiskBlock, by: number): void {
    const segment = this.#segment(block)
    const count = this.#folded(segment) + by
    invariant(count >= 0, 'MG15: a map’s block is uncounted as often as it was counted', {
      block,
      segment,
    })
    this.#window.setInt32(this.#offset(segment), count)
  }

  #folded(segment: number): number {
    return this.#window.getInt32(this.#offset(segment))
  }

  #offset(segment: number): number {
    return this.#layout.usage * this.#layout.pageBytes + segment * 4
  }

  #segment(block: DiskBlock): number {
    const segment = Math.floor(block / this.#segmentBlocks) - 1
    invariant(
      segment >= 0 && segment < this.#layout.usageSegments,
      'MG15: every block lies in a counted segment',
      {
        block,
        segment,
      },
    )
    return segment
  }
}
