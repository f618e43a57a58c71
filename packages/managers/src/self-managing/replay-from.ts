/** From where the log must be read at the next start: nothing older is needed once the root page being written is durable. */
import { invariant } from '@katydid/actor'
import type { LogPosition } from '@katydid/abi'
import type { Context } from './context.js'

/**
 * The earliest position at which a record or page of a version stands that is committed and not folded. What has no commit yet holds no log: a
 * start does not count it, and when the commit comes it lists what may not be read any more (`listing.ts`).
 */
export function replayFrom(context: Context): LogPosition {
  let from = context.writer.next
  for (const container of context.containers.values())
    for (const version of container.versions)
      if (version.commit !== 'none' && version.from < from) from = version.from
  invariant(from > 0, 'MG13: positions of the log begin at 1', { from })
  return from
}
