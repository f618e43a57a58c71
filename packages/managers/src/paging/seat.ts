/** Where the kernel has put a container, and taking everything of it out of memory. */
import { asContainer, type Capref, type PageSetId, type PortId, type Status } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { Lcd } from '@katydid/memory'
import type { PagedContainer } from './paged-container.js'
import type { Pager } from './pager.js'

/** Where the kernel has put the container now. */
export interface Seat {
  readonly capability: Capref
  readonly slot: number
  readonly size: number
}

/** What `seat` needs of a context. */
interface Machine {
  readonly region: Region
  readonly port: PortId
  readonly reserve: { readonly pageSet: PageSetId }
}

/** The kernel has said where the container is: from now on its faults can be served. */
export function seat(context: Machine, container: PagedContainer, at: Seat): Lcd {
  invariant(at.size > 0 && at.slot >= 0, 'MG1: the kernel says where a container is', {
    slot: at.slot,
    size: at.size,
  })
  container.capability = at.capability
  container.size = at.size
  const lcd = Lcd.open(context.region, {
    container: asContainer(at.slot),
    manager: context.port,
    pageSet: context.reserve.pageSet,
  })
  container.lcd = lcd
  container.ringing = false
  return lcd
}

/**
 * Every frame the container held leaves, and faults that wait hear `status`. The kernel may have cleared its page tables
 * already; a page shown since, for a fault that had waited, is taken out here.
 */
export function clear(
  pager: Pick<Pager, 'faults' | 'eviction' | 'departures'>,
  container: PagedContainer,
  status: Status,
): void {
  pager.faults.refuse(container, status)
  pager.eviction.forget(container)
  const { lcd } = container
  if (lcd === null) return
  const { pageBytes } = lcd.region.plan.shape
  const shown = [...container.resident]
    .map(([page, frame]) => ({ offset: page * pageBytes, frame }))
    .filter(({ offset, frame }) => lcd.query(offset).frame === frame)
  const generation = lcd.remove(shown.map(({ offset }) => offset))
  pager.departures.rebase(container, generation)
  for (const frame of container.resident.values()) pager.departures.leave(frame, generation)
  container.resident.clear()
}
