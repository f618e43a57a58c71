/**
 * Which segment may be written anew. One may when no owner needs a block in it, both superblocks' scans begin behind its last group, and the
 * log is neither in it nor about to go on in it.
 *
 * After an opening nobody but the owners knows who has blocks before the scan: such a segment is needed by all who ever wrote, until
 * each has freed it again.
 */
import { invariant } from '@katydid/actor'
import { segmentStart, type Geometry } from './geometry.js'

export class Segments {
  readonly #geometry: Geometry
  /** Owners, as bits, that may need a block of the segment. */
  readonly #neededBy: Uint32Array
  /** The position of the last group in the segment; 0 when it has none that a scan could need. */
  readonly #lastGroup: Float64Array
  readonly #chained = new Set<number>()
  /** Pages written and not yet answered, by segment and owner. */
  readonly #unanswered = new Map<number, number>()
  #used: number

  /** Segments from `used` on were never written; the others are needed by `owners`, but for those whose bit is set in `free`. */
  constructor(
    geometry: Geometry,
    used: number,
    owners: number,
    free: Uint8Array = new Uint8Array(0),
  ) {
    invariant(used <= geometry.capacity, 'DK9: used segments lie on the disk', {
      used,
      ...geometry,
    })
    this.#geometry = geometry
    this.#neededBy = new Uint32Array(geometry.capacity).fill(owners, 0, used)
    for (let segment = 0; segment < used; segment++)
      if (((free[segment >> 3] ?? 0) & (1 << (segment & 7))) !== 0) this.#neededBy[segment] = 0
    this.#lastGroup = new Float64Array(geometry.capacity)
    this.#used = used
  }

  /** Segments from this number on were never written. */
  get used(): number {
    return this.#used
  }

  /** A scan found that the segment was written wholly within it: only those who have pages there need it. */
  known(segment: number): void {
    invariant(segment < this.#used, 'DK9: what a scan found was used', {
      segment,
      used: this.#used,
    })
    this.#neededBy[segment] = 0
  }

  /** A group with pages of `owners` stands in the segment. */
  wrote(segment: number, position: number, owners: number): void {
    segmentStart(this.#geometry, segment)
    invariant(position >= this.#lastGroup[segment]!, 'DK9: positions rise in a segment', {
      segment,
      position,
    })
    this.#lastGroup[segment] = position
    this.#neededBy[segment] = this.#neededBy[segment]! | owners
  }

  /** The segment is where the log is, or goes on next. */
  chain(segment: number): void {
    invariant(!this.#chained.has(segment), 'DK9: the log is in a segment once', { segment })
    this.#chained.add(segment)
    this.#used = Math.max(this.#used, segment + 1)
  }

  unchain(segment: number): void {
    const was = this.#chained.delete(segment)
    invariant(was, 'DK9: the log leaves a segment that it was in', { segment })
  }

  /** Pages of the owner in the segment whose places it has not been told (`by` below 0: now it has). */
  unanswered(segment: number, owner: number, by: number): void {
    const key = segment * 32 + owner
    const count = (this.#unanswered.get(key) ?? 0) + by
    invariant(count >= 0, 'DK9: a page is answered once', { segment, owner, count })
    if (count === 0) this.#unanswered.delete(key)
    else this.#unanswered.set(key, count)
  }

  /** The owner needs no block of the segment. Answers false when it has pages there that it does not know of yet. */
  free(segment: number, owner: number): boolean {
    segmentStart(this.#geometry, segment)
    if (this.#unanswered.has(segment * 32 + owner)) return false
    this.#neededBy[segment] = this.#neededBy[segment]! & ~(1 << owner)
    return true
  }

  /** Whether the segment may be written anew while scans begin at `floor` or later. */
  isFree(segment: number, floor: number): boolean {
    return (
      this.#neededBy[segment] === 0 &&
      this.#lastGroup[segment]! < floor &&
      !this.#chained.has(segment)
    )
  }

  /** Those that may be written anew while scans begin at `floor` or later, as bits in so many bytes. */
  freeBits(floor: number, bytes: number): Uint8Array {
    const bits = new Uint8Array(bytes)
    const count = Math.min(this.#geometry.capacity, bytes * 8)
    invariant(count > 0, 'DK30: a disk has segments to speak of', { bytes })
    for (let segment = 0; segment < count; segment++)
      if (this.isFree(segment, floor)) bits[segment >> 3]! |= 1 << (segment & 7)
    return bits
  }

  /** How many may be written anew. */
  countFree(floor: number): number {
    invariant(floor >= 1, 'DK9: a scan begins at a position', { floor })
    let free = 0
    for (let segment = 0; segment < this.#geometry.capacity; segment++)
      if (this.isFree(segment, floor)) free += 1
    return free
  }

  /** The first that may be written anew, or null: the lowest, so that the file stays short. */
  findFree(floor: number): number | null {
    for (let segment = 0; segment < this.#geometry.capacity; segment++)
      if (this.isFree(segment, floor)) return segment
    return null
  }
}
