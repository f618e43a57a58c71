/**
 * The end of an overlay, with its locus or its container. The manager may be at its entries at this moment, so nothing of it
 * is used anew before the manager has let go, or is gone.
 */
import { overlayUpcalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { reclaim } from '@katydid/memory'
import { dropSlices } from '../container/slices.js'
import type { Machine } from '../machine.js'
import type { Overlay } from './overlay-table.js'

/** Releases every overlay that `is` true of. */
export function releaseOverlays(machine: Machine, is: (overlay: Overlay) => boolean): void {
  for (const overlay of machine.overlays.all())
    if (!overlay.leaving && is(overlay)) release(machine, overlay)
}

function release(machine: Machine, overlay: Overlay): void {
  const { below, shadow } = overlay
  const { manager } = below
  invariant(manager !== null, 'TX7: an overlay lies over a container that has a manager', {
    slot: below.slot,
  })
  overlay.leaving = true
  overlay.transaction = 0
  // Nothing is shown in it from now on, but for what is being shown at this moment.
  machine.containers.haltShadow(shadow)
  const args = { cont: below.token, slot: shadow.slot }
  const free = (): void => {
    reclaim.pageTable(machine.region, shadow.slot)
    dropSlices(machine, shadow)
    machine.containers.removeShadow(shadow)
    machine.overlays.remove(overlay)
  }
  // Without a limit: a manager that is only slow could show a page in what is another's by then. One that is gone answers too.
  machine.messenger.call(manager, overlayUpcalls.overlayDrop, args, free, Infinity)
}
