/** Why a run fails although the index may be right: it must have shown what it is there to show. */
import type { ManagerTotals, Totals } from './events.js'

/** How many times its frames the index must be. */
export const leastPressure = 8

/** A sentence for each condition that does not hold; none when the run counts. */
export function reasonsToFail(totals: Totals): string[] {
  const { pages, frames, manager, barriers, acknowledgedGroups, progress } = totals
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
  reasons.push(...managerReasons(manager))
  if (barriers < acknowledgedGroups)
    reasons.push(
      `There were ${acknowledgedGroups} acknowledged groups but only ${barriers} calls of fdatasync: something was called durable before it was.`,
    )
  return reasons
}

function managerReasons({ pages, frames, isToEnd, faultsBack }: ManagerTotals): string[] {
  if (pages <= frames)
    return [
      `The manager’s maps take only ${pages} pages, and it has ${frames} frames for them, so they never had to go out and come back: give a larger --input.`,
    ]
  if (!isToEnd) return []
  if (faultsBack === null) return ['The manager was to be ended and to come back, and did not.']
  if (faultsBack > frames) return []
  return [
    `After the manager had come back it brought in only ${faultsBack} of its own pages, no more than its ${frames} frames hold at once: give a larger --input.`,
  ]
}
