/** Which block is where: segments and blocks of one disk. Segment s begins at block (s + 1) × segmentBlocks. */
import { invariant } from '@katydid/actor'

export interface Geometry {
  readonly blockBytes: number
  /** Blocks a segment. */
  readonly segmentBlocks: number
  /** Largest number of segments. */
  readonly capacity: number
}

/** In place of a segment's number: none. */
export const noSegment = 0xffffffff

/** Blocks a segment of a large disk. */
const mostSegmentBlocks = 512
/** A new disk has so many segments or more, as far as they can hold what must not be cut: room is won back by whole segments. */
const wantedSegments = 64
/** The longest record that anybody writes, with its head, fits every segment. */
const longestRecordBytes = 320 * 1024

/** A group has a head and at least the room for a few pages, and the log always needs a segment to go on in. */
const leastSegmentBlocks = 4
const leastCapacity = 3

/** Blocks a segment of a new disk of so many bytes: a power of two. */
export function segmentBlocksFor(bytes: number, blockBytes: number): number {
  const least = Math.max(8, longestRecordBytes / blockBytes)
  const wanted = Math.max(least, Math.min(mostSegmentBlocks, bytes / blockBytes / wantedSegments))
  const segmentBlocks = 2 ** Math.ceil(Math.log2(wanted))
  invariant(segmentBlocks >= leastSegmentBlocks, 'DK30: a segment has room for a group', {
    bytes,
    segmentBlocks,
  })
  return segmentBlocks
}

/** What is wrong with a geometry, as a sentence; null when it is fine. */
export function geometryProblem(geometry: Geometry): string | null {
  const { blockBytes, segmentBlocks, capacity } = geometry
  if (!Number.isInteger(blockBytes) || blockBytes < 512 || blockBytes % 512 !== 0)
    return `a block has a multiple of 512 bytes, not ${blockBytes}`
  if (!Number.isInteger(segmentBlocks) || segmentBlocks < leastSegmentBlocks)
    return `a segment has at least ${leastSegmentBlocks} blocks, not ${segmentBlocks}`
  if (!Number.isInteger(capacity) || capacity < leastCapacity)
    return `a disk has at least ${leastCapacity} segments, not ${capacity}`
  if ((capacity + 1) * segmentBlocks > 2 ** 32)
    return `a disk has at most 2^32 blocks, not ${capacity} segments of ${segmentBlocks}`
  return null
}

/** Segments that pages from frames may not use: what is left is for winning space back. A very small disk keeps none. */
export const keptSegments = ({ capacity }: Geometry): number =>
  capacity < 16 ? 0 : Math.max(4, capacity >> 4)

export function segmentStart(geometry: Geometry, segment: number): number {
  invariant(segment >= 0 && segment < geometry.capacity, 'DK9: a segment lies on the disk', {
    segment,
    capacity: geometry.capacity,
  })
  return (segment + 1) * geometry.segmentBlocks
}

/** The segment that holds the block. */
export function segmentOf(geometry: Geometry, block: number): number {
  const segment = Math.floor(block / geometry.segmentBlocks) - 1
  invariant(segment >= 0, 'DK9: a block of the log lies in a segment', { block })
  return segment
}

/** The block behind the last one of the segment that holds `block`. */
export function segmentEnd(geometry: Geometry, block: number): number {
  return segmentStart(geometry, segmentOf(geometry, block)) + geometry.segmentBlocks
}
