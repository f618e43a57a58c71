/** Has loci that acknowledge ring a manager while it waits for that, and not longer. */
import type { PortId } from '@katydid/abi'
import type { PagedContainer } from './paged-container.js'

/** Before pages are taken out: an acknowledgement between removal and asking would ring nobody. */
export function ringFor(port: PortId, container: PagedContainer): void {
  const wanted = container.awaited > 0
  if (container.lcd === null || wanted === container.ringing) return
  container.lcd.ringWhenAcknowledged(wanted ? port : null)
  container.ringing = wanted
}
