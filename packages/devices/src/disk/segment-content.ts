/**
 * What the heads in one segment say of an owner's pages, read from the file: heads only, from the segment's beginning to the
 * first that is none, or is older than the one before it (what a former use of the segment left behind).
 */
import {
  asBlock,
  asInterval,
  asToken,
  groupWords,
  type diskCalls,
  type ResultOf,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { segmentStart, type Geometry } from './geometry.js'
import { decodeHead, type DecodedHead } from './group-decode.js'
import { StoredWords } from './stored-words.js'
import type { DiskUuid } from './superblock.js'

type Found = ResultOf<typeof diskCalls.diskSegment>['pages'][number]

/** How many blocks the head has, if it is one. */
const saidBlocks = (bytes: Uint8Array): number =>
  new StoredWords(groupWords, bytes).word('headBlocks')

/** The owner's pages in the segment, in the order of their blocks. Throws what the file throws. */
export function segmentContent(
  file: BlockFile,
  geometry: Geometry,
  uuid: DiskUuid,
  segment: number,
  owner: number,
): Found[] {
  const start = segmentStart(geometry, segment)
  const bytes = new Uint8Array(geometry.segmentBlocks * geometry.blockBytes)
  const read = (block: number, blocks: number): void => {
    const from = block * geometry.blockBytes
    file.read(start + block, bytes.subarray(from, from + blocks * geometry.blockBytes))
  }
  const found: Found[] = []
  let position = 0
  for (let at = 0; at < geometry.segmentBlocks;) {
    const rest = bytes.subarray(at * geometry.blockBytes)
    read(at, 1)
    const more = saidBlocks(rest) - 1
    if (more > 0 && at + more < geometry.segmentBlocks) read(at + 1, more)
    const head: DecodedHead | null = decodeHead(rest, geometry.blockBytes, uuid)
    if (head === null || head.position <= position) return found
    invariant(head.headBlocks > 0, 'DK2: a group has a head', { at })
    position = head.position
    for (const [nth, page] of head.pages.entries())
      if (page.owner === owner)
        found.push({
          cont: asToken(page.cont),
          stateInterval: asInterval(page.interval),
          page: page.page,
          block: asBlock(start + at + head.headBlocks + nth),
          checksum: page.checksum,
        })
    at += head.headBlocks + head.pages.length
  }
  return found
}
