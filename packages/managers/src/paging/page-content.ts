/** Fills a free frame with the content of a page: from the disk, checked, or zeros when it was never written. */
import { invariant } from '@katydid/actor'
import type { Frame, Status } from '@katydid/abi'
import { AccessError } from '@katydid/memory'
import type { PagingContext } from './paging-context.js'
import { frameStates } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'
import type { PagePlace } from './place.js'

/** The page of an overlay is a copy of the container's, which is resident: the fault has seen to that. */
function copyFromBelow(
  { region, counters }: PagingContext,
  below: PagedContainer,
  page: number,
  into: Uint8Array,
): Status {
  const shown = below.resident.get(page)
  invariant(shown !== undefined, 'TX2: what is copied for a transaction is in memory', { page })
  into.set(region.frameBytes(shown))
  counters.add('copies')
  return 'ok'
}

/** `ok`, or why the content cannot be had: a read error, a damaged block, or the same of a page of our own maps. */
export function fillFrame(
  context: PagingContext,
  container: PagedContainer,
  page: number,
  frame: Frame,
): Status {
  invariant(
    context.frames.state(frame) === frameStates.free,
    'MG2: a page is brought into a free frame',
    { page, frame },
  )
  const into = context.region.frameBytes(frame)
  if (container.below !== null) return copyFromBelow(context, container.below, page, into)
  const again = container.seen.add(page)
  const place = placeOf(context, container, page)
  if (typeof place === 'string') return place
  if (place === null) {
    into.fill(0)
    context.counters.add('zeroFills')
    return 'ok'
  }
  if (again) context.counters.add('reReads')
  return readInto(context, place, into)
}

/** The content of a page that is not in memory, as bytes of its own; null: zeros, it was never written. */
export function storedContent(
  context: PagingContext,
  container: PagedContainer,
  page: number,
): Uint8Array | null | Exclude<Status, 'ok'> {
  const place = placeOf(context, container, page)
  if (place === null || typeof place === 'string') return place
  const bytes = new Uint8Array(context.pageBytes)
  const read = readInto(context, place, bytes)
  return read === 'ok' ? bytes : read
}

/** Where the page stands; null: it was never written; or why our own maps cannot say. */
function placeOf(
  context: PagingContext,
  container: PagedContainer,
  page: number,
): PagePlace | null | Exclude<Status, 'ok'> {
  const located = container.locate(page)
  try {
    return located === 'ask the map' ? context.older(container.token, page) : located
  } catch (error) {
    if (!(error instanceof AccessError)) throw error
    invariant(error.status !== 'ok', 'MG4: what cannot be read has a reason', { page })
    return error.status
  }
}

function readInto(context: PagingContext, place: PagePlace, into: Uint8Array): Status {
  context.counters.add('reads')
  context.counters.add('readBytes', context.pageBytes)
  return context.read(place, into)
}
