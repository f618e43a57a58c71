/**
 * How many blocks the manager needs in each segment of its disk, and which segments it needs no more.
 *
 * Blocks that maps name, each once however many name it, are counted in own pages, since they survive with the maps; blocks of open deltas and unfolded
 * versions, and those of own pages, are counted here and counted anew at a start. A segment is freed only when all
 * counts are zero in the durable root page and now.
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
  readonly #own: Int32Array
  /** Segments whose count fell: the log has been there since they were last freed. */
  readonly #candidates = new Set<number>()
  /** Segments of which nobody knows after a start: the log may enter them any time. */
  readonly #suspects = new Set<number>()
  /** Segments about to be freed; one that a page is written to meanwhile is none any more. */
  readonly #leaving = new Set<number>()
  /** Blocks needed by anybody. */
  #needed = 0
  /** Blocks ever given up. */
  #dropped = 0
  /** Where the newest page was written: later ones may go there. */
  #newest = -1

  constructor(layout: OwnLayout, window: Window, segmentBlocks: number) {
    this.#layout = layout
    this.#window = window
    this.#segmentBlocks = segmentBlocks
    this.#unfolded = new Int32Array(layout.usageSegments)
    this.#own = new Int32Array(layout.usageSegments)
  }

  /** Blocks of the disk that maps, own pages, open deltas and unfolded versions need. */
  get needed(): number {
    return this.#needed
  }

  /** Blocks given up so far: what could not be won before may be won now. */
  get dropped(): number {
    return this.#dropped
  }

  /** After a start: what maps need is summed up, and every segment the disk has may turn out to be needed by nobody. */
  suspectAll(segments: number): void {
    for (let s = 0; s < Math.min(segments, this.#layout.usageSegments); s++) {
      this.#suspects.add(s)
      this.#needed += this.#folded(s)
    }
  }

  /** A page was written to `block`. */
  written(block: DiskBlock): void {
    invariant(block > 0, 'MG15: a page written has a block', { block })
    this.#wrote(this.segmentOf(block))
    this.count(block)
  }

  /** An own page was written to `block`. */
  ownWritten(block: DiskBlock): void {
    this.#wrote(this.segmentOf(block))
    this.countOwn(block)
  }

  /** `block` is needed by a delta or a version. */
  count(block: DiskBlock): void {
    this.#unfolded[this.segmentOf(block)]!++
    this.#needed++
  }

  /** An own page stands in `block`, or one that the durable root page names did. */
  countOwn(block: DiskBlock): void {
    this.#own[this.segmentOf(block)]!++
    this.#needed++
  }

  /** `block` is no longer needed by a delta or a version. */
  drop(block: DiskBlock): void {
    this.#uncount(this.#unfolded, block)
  }

  /** `block` is no longer needed by an own page. */
  dropOwn(block: DiskBlock): void {
    this.#uncount(this.#own, block)
  }

  /** A map names `block` from now on, the first that does. */
  addFolded(block: DiskBlock): void {
    this.#change(block, 1)
  }

  /** No map names `block` any more. */
  unfold(block: DiskBlock): void {
    this.#change(block, -1)
    this.#candidates.add(this.segmentOf(block))
  }

  /**
   * Segments needed by nothing, taken from the list of candidates. Called when the root page that shows the same maps is
   * durable. `quiet`: no write of pages is unanswered; else segments are left out in which one may lie whatever comes.
   */
  takeUnneeded(quiet: boolean): number[] {
    if (this.#newest === -1) return []
    if (quiet) for (const segment of this.#suspects) this.#candidates.add(segment)
    if (quiet) this.#suspects.clear()
    const isUnneeded = (s: number): boolean => s !== this.#newest && this.live(s) === 0
    const unneeded = [...this.#candidates].filter(isUnneeded)
    const newestOnly = this.#candidates.has(this.#newest)
    this.#candidates.clear()
    if (newestOnly) this.#candidates.add(this.#newest)
    this.#leaving.clear()
    for (const segment of unneeded) this.#leaving.add(segment)
    return unneeded
  }

  /**
   * Of those taken, the ones to free, when every write that was unanswered then has been answered: the log did not turn out
   * to be there.
   */
  leave(): number[] {
    const left = [...this.#leaving]
    invariant(
      left.every((segment) => this.#unfolded[segment] === 0 && this.#own[segment] === 0),
      'MG15: a segment is given up when nothing in it is needed',
      { left },
    )
    this.#leaving.clear()
    return left
  }

  /** Whether the log has gone on elsewhere. */
  isSettled(segment: number): boolean {
    return segment !== this.#newest
  }

  /** Blocks of maps, of own pages, of deltas and versions in the segment. Throws `AccessError` when the table cannot be read. */
  live(segment: number): number {
    return this.#folded(segment) + this.#own[segment]! + this.#unfolded[segment]!
  }

  #wrote(segment: number): void {
    this.#newest = segment
    if (this.#leaving.delete(segment)) this.#candidates.add(segment)
  }

  #uncount(counts: Int32Array, block: DiskBlock): void {
    const segment = this.segmentOf(block)
    counts[segment]!--
    this.#needed--
    this.#dropped++
    invariant(counts[segment]! >= 0, 'MG15: a block is dropped as often as it was counted', {
      block,
      segment,
    })
    this.#candidates.add(segment)
  }

  #change(block: DiskBlock, by: number): void {
    const segment = this.segmentOf(block)
    const count = this.#folded(segment) + by
    invariant(count >= 0, 'MG15: a map’s block is uncounted as often as it was counted', {
      block,
      segment,
    })
    this.#window.setInt32(this.#offset(segment), count)
    this.#needed += by
    if (by < 0) this.#dropped++
  }

  #folded(segment: number): number {
    return this.#window.getInt32(this.#offset(segment))
  }

  #offset(segment: number): number {
    return this.#layout.usage * this.#layout.pageBytes + segment * 4
  }

  /** The segment of the disk that holds `block`. */
  segmentOf(block: DiskBlock): number {
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
