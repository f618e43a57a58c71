/** Whole segments, read when first looked at; the last two are kept, since a scan looks at one and peeks into the next. */
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { segmentOf, segmentStart, type Geometry } from './geometry.js'

export class SegmentReader {
  readonly #file: BlockFile
  readonly #geometry: Geometry
  readonly #kept = new Map<number, Uint8Array>()

  constructor(file: BlockFile, geometry: Geometry) {
    this.#file = file
    this.#geometry = geometry
  }

  /** The bytes from the beginning of `block` to the end of its segment. */
  from(block: number): Uint8Array {
    const segment = segmentOf(this.#geometry, block)
    const start = segmentStart(this.#geometry, segment)
    invariant(block >= start, 'DK3: a block is looked at in its own segment', { block, start })
    return this.#segment(segment).subarray((block - start) * this.#geometry.blockBytes)
  }

  #segment(segment: number): Uint8Array {
    const kept = this.#kept.get(segment)
    if (kept !== undefined) return kept
    const bytes = new Uint8Array(this.#geometry.segmentBlocks * this.#geometry.blockBytes)
    this.#file.read(segmentStart(this.#geometry, segment), bytes)
    for (const oldest of this.#kept.keys()) if (this.#kept.size > 1) this.#kept.delete(oldest)
    this.#kept.set(segment, bytes)
    return bytes
  }
}
