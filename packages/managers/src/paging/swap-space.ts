/**
 * How much of the swap each segment of the disk holds. A segment that holds none is given back to the disk, but for the one
 * that is being filled. Everything is counted in memory: after a crash nothing of it is needed.
 */
import type { DiskBlock } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { BlockUsage } from './paging-context.js'

export class SwapSpace implements BlockUsage {
  readonly #segmentBlocks: number
  readonly #held: Int32Array
  /** Segments that hold nothing of the swap and have not been given back. */
  readonly #empty = new Set<number>()
  #newest = -1

  /** Of a disk with so many segments. Whatever an earlier life left in them is needed by nobody. */
  constructor(segments: number, segmentBlocks: number) {
    this.#segmentBlocks = segmentBlocks
    this.#held = new Int32Array(segments)
    for (let segment = 0; segment < segments; segment++) this.#empty.add(segment)
  }

  /** Pages in the swap. */
  get pages(): number {
    return this.#held.reduce((sum, held) => sum + held, 0)
  }

  written(block: DiskBlock): void {
    const segment = this.#segment(block)
    this.#held[segment]!++
    this.#empty.delete(segment)
    this.#newest = segment
  }

  drop(block: DiskBlock): void {
    const segment = this.#segment(block)
    this.#held[segment]!--
    invariant(this.#held[segment]! >= 0, 'MG37: a block of the swap is dropped once', { block })
    if (this.#held[segment] === 0) this.#empty.add(segment)
  }

  /** Segments to be given back. Called when no write is unanswered. */
  takeEmpty(): number[] {
    const segments = [...this.#empty].filter((segment) => segment !== this.#newest)
    for (const segment of segments) this.#empty.delete(segment)
    return segments
  }

  #segment(block: DiskBlock): number {
    const segment = Math.floor(block / this.#segmentBlocks) - 1
    invariant(segment >= 0 && segment < this.#held.length, 'MG37: every block lies in a segment', {
      block,
      segment,
    })
    return segment
  }
}
