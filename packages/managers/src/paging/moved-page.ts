/**
 * A page that lives in another frame from now on: a copy that may be written, or what a transaction committed. The old frame
 * stands still for whoever needs it, an unwritten version or a transfer, and leaves otherwise.
 */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Departures } from './departures.js'
import { frameStates } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'
import type { PagingContext } from './paging-context.js'

/** The frame is shown already; the old one is used by nobody who has acknowledged the generation `from`. */
export function livesIn(
  { frames }: Pick<PagingContext, 'frames'>,
  departures: Departures,
  container: PagedContainer,
  { page, frame, from }: { readonly page: number; readonly frame: Frame; readonly from: number },
): void {
  const old = container.resident.get(page)
  invariant(old !== frame, 'MG7: a page moves to another frame', { page, frame })
  const version = container.sharedBy(page)
  container.resident.set(page, frame)
  container.open.dirty.add(page)
  if (old === undefined) return
  if (version === undefined) return departures.leave(old, from)
  version.kept.set(page, old)
  frames.become(old, frameStates.kept, from)
}
