/** Why a run fails although the index may be right: it must have shown what it is there to show. */
import type { Totals } from './events.js'

/** How many times its frames the index must be. */
export const leastPressure = 8

/** A sentence for each condition that does not hold; none when the run counts. */
export function reasonsToFail(totals: Totals): string[] {
  const { pages, frames, barriers, acknowledgedGroups, progress } = totals
  const reasons: string[] = []
  if (frames * leastPressure > pages)
    reasons.push(
      `The index takes only ${pages} pages, less than ${leastPressure} times the ${frames} frames, so paging was not put to the test: give a larger --input or fewer --frames.`,
    )
  if (progress.discardsDirty === 0)
    reasons.push(
      'No changed page was discarded, so nothing had to be written to make room: give a larger --input or fewer --frames.',
    )
  if (progress.reReads === 0)
    reasons.push(
      'No discarded page was read again, so nothing came back from the disk: give a larger --input or fewer --frames.',
    )
  if (barriers < acknowledgedGroups)
    reasons.push(
      `There were ${acknowledgedGroups} acknowledged groups but only ${barriers} calls of fdatasync: something was called durable before it was.`,
    )
  return reasons
}
