/**
 * Following the log from the superblock's scan position: each head and each page is verified, and the first group that fails ends it.
 *
 * A group counts when its checksums are right and it is the one expected here: this disk, the next position, the checksum of the group
 * before, and no left-over of an opening that gave it up. It goes on behind the last group or at the beginning of the segment that one named.
 */
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { checksum } from './checksum.js'
import { segmentEnd, segmentOf, segmentStart, type Geometry } from './geometry.js'
import { decodeHead, type DecodedHead } from './group-decode.js'
import { SegmentReader } from './segment-reader.js'
import type { Superblock } from './superblock.js'

/** A group that counts, and the block of its head. */
export interface FoundGroup {
  readonly block: number
  readonly head: DecodedHead
}

/** Where a scan stands: what the next group must fit, and where it may be. */
interface Expected {
  readonly position: number
  readonly previous: number
  readonly leastOpening: number
  readonly candidates: readonly number[]
}

/** All groups of the log in order. Throws what the file throws: a read that fails is no end of the log. */
export function scanLog(file: BlockFile, superblock: Superblock): FoundGroup[] {
  const reader = new SegmentReader(file, superblock.geometry)
  const found: FoundGroup[] = []
  let expected: Expected = {
    position: superblock.scanPosition,
    previous: superblock.scanPrevious,
    leastOpening: 0,
    candidates: [superblock.scanBlock],
  }
  for (;;) {
    const group = findNext(reader, superblock, expected)
    if (group === null) return found
    invariant(group.head.position === expected.position, 'DK2: positions of the log rise by one', {
      position: group.head.position,
      expected: expected.position,
    })
    found.push(group)
    expected = behind(superblock.geometry, group)
  }
}

/** The block behind a group. */
export const blockBehind = ({ block, head }: FoundGroup): number =>
  block + head.headBlocks + head.pages.length

function behind(geometry: Geometry, group: FoundGroup): Expected {
  const next = blockBehind(group)
  const end = segmentEnd(geometry, group.block)
  invariant(next <= end, 'DK2: a group lies in one segment', { next, end })
  const there = segmentStart(geometry, group.head.nextSegment)
  return {
    position: group.head.position + 1,
    previous: group.head.checksum,
    leastOpening: group.head.opening,
    candidates: next < end ? [next, there] : [there],
  }
}

function findNext(
  reader: SegmentReader,
  superblock: Superblock,
  expected: Expected,
): FoundGroup | null {
  invariant(expected.candidates.length > 0, 'DK2: the log always has somewhere to go on', {
    ...expected,
  })
  for (const block of expected.candidates) {
    const bytes = reader.from(block)
    const head = decodeHead(bytes, superblock.geometry.blockBytes, superblock.uuid)
    if (
      head !== null &&
      fits(head, block, superblock, expected) &&
      pagesRight(bytes, head, superblock.geometry)
    )
      return { block, head }
  }
  return null
}

function fits(
  head: DecodedHead,
  block: number,
  superblock: Superblock,
  expected: Expected,
): boolean {
  const { capacity } = superblock.geometry
  return (
    head.position === expected.position &&
    head.previous === expected.previous &&
    head.opening >= expected.leastOpening &&
    !isGivenUp(head, superblock) &&
    head.nextSegment < capacity &&
    head.nextSegment !== segmentOf(superblock.geometry, block)
  )
}

/** Whether an opening that the superblock knows of did not find the group, so that it must never come back. */
function isGivenUp(head: DecodedHead, superblock: Superblock): boolean {
  return head.opening < superblock.opening && head.position >= superblock.openedPosition
}

function pagesRight(bytes: Uint8Array, head: DecodedHead, geometry: Geometry): boolean {
  return head.pages.every((page, nth) => {
    const at = (head.headBlocks + nth) * geometry.blockBytes
    return checksum(bytes.subarray(at, at + geometry.blockBytes)) === page.checksum
  })
}
