/** A container becomes empty: its frames leave, its swap is needed no more, and what is under way for it is thrown away. */
import type { Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { Delta } from '../paging/delta.js'
import { clear } from '../paging/seat.js'
import type { Parts } from './context.js'
import type { VolatileContainer } from './volatile-container.js'

/** Faults that wait hear `status`. Doing it twice is doing it once. */
export function empty(
  { context, pager }: Parts,
  container: VolatileContainer,
  status: Status,
): void {
  clear(pager, container, status)
  const { open } = container
  invariant(open.kept.size === 0, 'MG36: nothing is kept for a snapshot', {
    token: container.token,
  })
  open.dropped = true
  for (const place of open.places.values()) context.store.usage.drop(place.block)
  open.places.clear()
  open.dirty.clear()
  container.open = new Delta()
}
