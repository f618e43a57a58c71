/** From where the log must be read at the next start: nothing older is needed once the root page being written is durable. */
import { invariant } from '@katydid/actor'
import type { LogPosition } from '@katydid/abi'
import type { Context } from './context.js'

/** The earliest position at which a record or page of an open delta or an unfolded version can stand. */
export function replayFrom(context: Context): LogPosition {
  let from = context.writer.next
  for (const container of context.containers.values()) {
    for (const delta of [container.open, ...container.versions])
      if (delta.from < from) from = delta.from
  }
  invariant(from > 0, 'MG13: positions of the log begin at 1', { from })
  return from
}
