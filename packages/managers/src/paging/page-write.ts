/** What an answered write of one page means for the delta it belongs to: a place, or dirty again. */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PagingContext } from './paging-context.js'
import type { Delta } from './delta.js'
import type { Departures } from './departures.js'
import { frameStates } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'
import type { PagePlace } from './place.js'

/** The page of the delta stands at `place`; an earlier write of it in the same interval is void. */
export function settleWrite(
  context: PagingContext,
  container: PagedContainer,
  delta: Delta,
  page: number,
  frame: Frame,
  place: PagePlace,
): void {
  const { usage } = context.store
  if (delta.newest.get(page) === frame) delta.newest.delete(page)
  invariant(delta.commit === 'none' || delta.dropped, 'MG8: a committed version does not change', {
    token: container.token,
    page,
  })
  usage.written(place.block)
  if (delta.dropped) {
    usage.drop(place.block)
    return
  }
  const before = delta.places.get(page)
  if (before !== undefined) usage.drop(before.block)
  delta.places.set(page, place)
}

/** The disk refused: the content is still in its frame, and the delta's again. */
export function failWrite(
  context: PagingContext,
  departures: Departures,
  container: PagedContainer,
  delta: Delta,
  page: number,
  frame: Frame,
): void {
  const { frames } = context
  const isLive = container.resident.get(page) === frame
  const isNewest = delta.newest.get(page) === frame
  if (isNewest) delta.newest.delete(page)
  if (delta.dropped) return
  // Newer content of the same interval is on its way, or in another frame.
  if (!isNewest || delta.dirty.has(page)) return
  if (isLive) {
    delta.dirty.add(page)
    if (frames.state(frame) === frameStates.removing) frames.become(frame, frameStates.shown)
    return
  }
  // The live page has moved to a copy. The open interval has newer content there; a version still needs this frame.
  if (delta.interval === null) return
  invariant(
    frames.state(frame) === frameStates.leaving || frames.state(frame) === frameStates.kept,
    'MG7: a frame that a version needs is not freed',
    { frame },
  )
  departures.recall(frame)
  frames.become(frame, frameStates.kept)
  delta.dirty.add(page)
  delta.kept.set(page, frame)
}
