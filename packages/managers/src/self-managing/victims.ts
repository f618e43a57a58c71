/** Which segments are worth cleaning: those with the least that is still needed, as much as the room there is allows. */
import { invariant } from '@katydid/actor'
import type { SegmentUsage } from './segment-usage.js'
import type { Space } from './space.js'

/** Segments with a larger share of needed blocks give too little for the work. */
const worthwhile = 0.75
/** Needed blocks of one round, in segments, at the most: nobody waits long for a round. */
const mostSegments = 8

/**
 * Segments to clean in one round, the emptiest first. `passed`: what was left in a segment when it was last tried; one that
 * still holds as much would be tried in vain. Throws `AccessError` when the usage table cannot be read.
 */
export function chooseVictims(
  usage: SegmentUsage,
  space: Pick<Space, 'segments' | 'segmentBlocks' | 'free'>,
  passed: ReadonlyMap<number, number>,
): number[] {
  const { segments, segmentBlocks, free } = space
  const candidates: { segment: number; live: number }[] = []
  for (let segment = 0; segment < segments; segment++) {
    if (!usage.isSettled(segment)) continue
    const live = usage.live(segment)
    invariant(live >= 0, 'MG15: no segment is needed less than not at all', { segment, live })
    if (live > 0 && live <= segmentBlocks * worthwhile && passed.get(segment) !== live)
      candidates.push({ segment, live })
  }
  candidates.sort((a, b) => a.live - b.live)
  // Each copy may change a page of a map, which then needs a block too.
  const budget = segmentBlocks * Math.min(mostSegments, Math.max(0.25, (free - 1) / 2))
  const chosen: number[] = []
  let blocks = 0
  for (const { segment, live } of candidates) {
    if (chosen.length > 0 && blocks + live > budget) break
    blocks += live
    chosen.push(segment)
  }
  return chosen
}
