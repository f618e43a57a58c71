/**
 * Room for slab directories and page-table slices: first fit over the region's table area, in units of a cache line.
 * What is given is zeroed; what comes back joins its neighbours.
 */
import { invariant, type Region } from '@katydid/actor'

const unit = 64
const up = (bytes: number): number => Math.ceil(bytes / unit) * unit

interface Span {
  at: number
  bytes: number
}

export class SliceAllocator {
  readonly #region: Region
  #free: Span[]
  readonly #taken = new Map<number, number>()

  constructor(region: Region) {
    this.#region = region
    this.#free = [{ at: region.plan.tables, bytes: region.plan.shape.tableBytes }]
  }

  /** Bytes that could still be given, in all. */
  get freeBytes(): number {
    return this.#free.reduce((sum, span) => sum + span.bytes, 0)
  }

  /** The byte address of `bytes` zeroed bytes; null when no gap is large enough. */
  take(bytes: number): number | null {
    invariant(bytes > 0, 'CO3: a slice has entries', { bytes })
    const wanted = up(bytes)
    const span = this.#free.find((each) => each.bytes >= wanted)
    if (span === undefined) return null
    const at = span.at
    span.at += wanted
    span.bytes -= wanted
    if (span.bytes === 0) this.#free = this.#free.filter((each) => each !== span)
    this.#taken.set(at, wanted)
    this.#region.i32.fill(0, at >> 2, (at + wanted) >> 2)
    return at
  }

  /** Takes back what `take` gave. */
  give(at: number): void {
    const bytes = this.#taken.get(at)
    invariant(bytes !== undefined, 'CO3: only what was given comes back', { at })
    this.#taken.delete(at)
    this.#free.push({ at, bytes })
    this.#free.sort((a, b) => a.at - b.at)
    const joined: Span[] = []
    for (const span of this.#free) {
      const last = joined.at(-1)
      if (last !== undefined && last.at + last.bytes === span.at) last.bytes += span.bytes
      else joined.push({ ...span })
    }
    this.#free = joined
  }
}
