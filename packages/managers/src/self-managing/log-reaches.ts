/**
 * Is the root page the newest? The log is given up behind the newest one only, so one that needs more of the log than there is was followed by another,
 * which is lost. Its maps lead to pages that were written again since, and nothing tells which.
 */
import type { LogPosition } from '@katydid/abi'
import { CannotStart } from '../paging/cannot-start.js'
import type { RootPage } from './root-page.js'

/** `begins`: where the log begins. Throws `CannotStart`, `damaged`, when the root page needs what stood before. */
export function assertLogReaches({ replayFrom, interval }: RootPage, begins: LogPosition): void {
  if (replayFrom >= begins) return
  const detail = `its newest root page is lost: the one of snapshot ${interval} is there, which needs the log from position ${replayFrom} on, but the log begins at ${begins}, so what its containers held cannot be told from what they hold no more. Bring the disk’s file back from a copy; nothing was changed`
  throw new CannotStart('its log', { status: 'damaged', detail })
}
