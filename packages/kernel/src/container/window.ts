/** window_open: a page-table slice for a part of a container, for whoever has the right to read it. */
import {
  hereCapref,
  isLocusPort,
  locusOfPort,
  masterRights,
  maxWindowBytes,
  refuse,
  rights,
  type Answer,
  type ArgsOf,
  type containerCalls,
  type PortId,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { resolveContainer } from '../capability/resolve.js'
import type { Machine } from '../machine.js'
import type { Guest } from '../remote/guest-table.js'
import { ensureSlice, ensureStamps } from './slices.js'
import { ownSupply, supplierOf } from './supplier.js'

type WindowOpen = (typeof containerCalls)['windowOpen']

/** The guest in whose pages the caller’s program runs. */
function guestOf(machine: Machine, from: PortId): Guest | null {
  if (!isLocusPort(from)) return null
  const { region, guests } = machine
  return guests.at(region.words.load(region.locusWord(locusOfPort(from), 'container')))
}

/** Walks the mapping chain, makes the supplier's slice if need be and answers where the entry of the page at `base` lies. */
export function windowOpen(
  machine: Machine,
  from: PortId,
  { cont, base, length }: ArgsOf<WindowOpen>,
): Answer<WindowOpen> {
  const guest = cont === hereCapref ? guestOf(machine, from) : null
  const found =
    guest === null
      ? resolveContainer(machine, from, cont, 'read')
      : ({ status: 'ok', container: guest.shadow, capability: { rights: masterRights } } as const)
  if (found.status !== 'ok') return found
  const { container, capability } = found
  const { pageBytes } = machine.region.plan.shape
  if (!Number.isSafeInteger(base) || base < 0 || base % pageBytes !== 0)
    return refuse('misaligned', `a window begins at a multiple of ${pageBytes}, not at ${base}`)
  if (!Number.isInteger(length) || length < 0 || length > maxWindowBytes)
    return refuse('too_large', `a window is 1 byte to 2 GiB long, not ${length}`)
  if (base >= container.size || base + length > container.size)
    return refuse(
      'out_of_window',
      `the window ends at ${base + length}, the container at ${container.size}`,
    )
  // Its manager works on its own pages, whatever hides them.
  const supply =
    from === container.manager
      ? ownSupply(container, base, container.size - base)
      : supplierOf(machine, container, base)
  if (supply.status !== 'ok') return supply
  if (length > supply.run)
    return refuse(
      'out_of_window',
      `from ${base} on one container supplies ${supply.run} bytes within a 2 GiB slab, not ${length}; open a window for each part`,
    )
  const { origin } = supply
  const slab = Math.floor(origin / maxWindowBytes)
  const slice = ensureSlice(machine, supply.container, slab)
  const isMapped = supply.container !== container
  if (slice === null || (isMapped && !ensureStamps(machine, supply.container, slab)))
    return refuse('no_resource', 'the machine’s page-table area is full; give it more tableBytes')
  const table = slice + ((origin - slab * maxWindowBytes) / pageBytes) * 4
  invariant(
    table >= machine.region.plan.tables && table < machine.region.plan.firstFrame,
    'CO3: an entry lies in the table area',
    { table },
  )
  return {
    status: 'ok',
    table,
    slot: supply.container.slot,
    writable: (capability.rights & supply.rights & rights.write) !== 0,
    origin,
    length: length === 0 ? supply.run : length,
  }
}
