/**
 * Where the chunk of each bucket is: one word a bucket, in segments. Segment 0 has 64 words, each further one as many as
 * all before it, so growing never moves what is there.
 */
import type { Heap } from './heap.js'
import { mapHeader, stripeCount } from './map-layout.js'

export class MapDirectory {
  readonly #heap: Heap
  readonly #segments: number

  constructor(heap: Heap, map: number) {
    this.#heap = heap
    this.#segments = map + mapHeader.at.segments * 4
  }

  /** Offset of the word of bucket `bucket`. Its segment exists. */
  slot(bucket: number): number {
    const segment = segmentOf(bucket)
    const first = segment === 0 ? 0 : stripeCount << (segment - 1)
    return this.#heap.memory.getInt32(this.#segments + segment * 4) + (bucket - first) * 4
  }

  /** Makes the segment of `bucket` if it is the first of its segment. `no_resource`: the heap is full; nothing changes. */
  ensure(bucket: number): void {
    const segment = segmentOf(bucket)
    const word = this.#segments + segment * 4
    if (this.#heap.memory.getInt32(word) !== 0) return
    const count = segment === 0 ? stripeCount : stripeCount << (segment - 1)
    this.#heap.memory.setInt32(word, this.#heap.alloc(count * 4))
  }
}

function segmentOf(bucket: number): number {
  return bucket < stripeCount ? 0 : 26 - Math.clz32(bucket)
}
