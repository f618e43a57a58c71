/** A container becomes empty: its frames leave, its swap is needed no more, and what is under way for it is thrown away. */
import type { Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { Delta } from './delta.js'
import type { Pager } from './pager.js'
import type { BlockUsage } from './paging-context.js'
import { clear } from './seat.js'
import type { VolatileContainer } from './volatile-container.js'

/** Faults that wait hear `status`. Doing it twice is doing it once. */
export function empty(
  { pager, usage }: { readonly pager: Pager; readonly usage: BlockUsage },
  container: VolatileContainer,
  status: Status,
): void {
  clear(pager, container, status)
  const { open } = container
  invariant(open.kept.size === 0, 'MG36: nothing is kept for a snapshot', {
    token: container.token,
  })
  open.dropped = true
  for (const place of open.places.values()) usage.drop(place.block)
  open.places.clear()
  open.dirty.clear()
  container.open = new Delta()
}
