/**
 * Was the log's end torn, or is something gone that was durable? A torn tail was promised to nobody. It is damage when a superblock, or a
 * valid head further on, says that a position behind the end was durable.
 */
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { segmentOf, segmentStart } from './geometry.js'
import { decodeHead, type DecodedHead } from './group-decode.js'
import { blockBehind, type FoundGroup } from './scan.js'
import { SegmentReader } from './segment-reader.js'
import type { Superblock } from './superblock.js'

/** A sentence that says what was lost, or null when the log just ends. */
export function findDamage(
  file: BlockFile,
  superblock: Superblock,
  found: readonly FoundGroup[],
): string | null {
  const last = found.at(-1)
  const end = last?.head.position ?? superblock.scanPosition - 1
  const block = last === undefined ? superblock.scanBlock : blockBehind(last)
  const later = laterHeads(file, superblock, last, end)
  const durable = Math.max(superblock.durable, ...later.map((head) => head.durable))
  if (durable <= end) return null
  const to = Math.max(durable, ...later.map((head) => head.position))
  invariant(to > end, 'DK4: what was lost lies behind the end of the log', { to, end })
  const what = to === end + 1 ? `group ${to} is` : `groups ${end + 1} to ${to} are`
  return `The log is damaged at or behind block ${block}: ${what} lost, though durable up to ${durable}. The state goes back to what was written before; what lies there now will be overwritten.`
}

/** Valid heads behind the end, in the segments the chain leads to, that the end's own opening or a later one wrote. */
function laterHeads(
  file: BlockFile,
  superblock: Superblock,
  last: FoundGroup | undefined,
  end: number,
): DecodedHead[] {
  const { geometry, uuid } = superblock
  const reader = new SegmentReader(file, geometry)
  const leastOpening = Math.max(superblock.opening, last?.head.opening ?? 0)
  const heads: DecodedHead[] = []
  const here = segmentOf(geometry, last?.block ?? superblock.scanBlock)
  const queue = last === undefined ? [here] : [here, last.head.nextSegment]
  const seen = new Set<number>()
  for (let segment = queue.shift(); segment !== undefined; segment = queue.shift()) {
    if (seen.has(segment) || segment >= geometry.capacity) continue
    seen.add(segment)
    const start = segmentStart(geometry, segment)
    invariant(seen.size <= geometry.capacity, 'DK4: a segment is searched once', { segment })
    for (let block = start; block < start + geometry.segmentBlocks; block++) {
      const head = decodeHead(reader.from(block), geometry.blockBytes, uuid)
      if (head === null || head.position <= end || head.opening < leastOpening) continue
      heads.push(head)
      queue.push(head.nextSegment)
    }
  }
  return heads
}
