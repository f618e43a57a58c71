/**
 * Checks a Capref on the locus's own thread, in the shared tables that the kernel alone writes: no message, no hop.
 *
 * The kernel takes a slot's kind away before it changes the slot and stores it last. So a slot whose rights word and kind
 * are the same before and after was not changed in between.
 */
import {
  asContainer,
  capabilitySlots,
  capabilityTables,
  containerStates,
  entityKinds,
  hereCapref,
  makeCapref,
  readCapref,
  rights,
  stampMask,
  type Capref,
  type ContainerSlot,
  type LocusSlot,
} from '@katydid/abi'
import type { Region } from '@katydid/actor'
import { LocusError } from './locus-error.js'

/** The container that `capref` lets a locus, now in `inside`, invoke. Refuses as the kernel would. */
export const invocable = (
  region: Region,
  locus: LocusSlot,
  inside: ContainerSlot,
  capref: Capref,
): ContainerSlot => allowed(region, locus, inside, capref, 'invoke')

/** The container that `capref` lets a locus, now in `inside`, do that with. Refuses as the kernel would. */
export function allowed(
  region: Region,
  locus: LocusSlot,
  inside: ContainerSlot,
  capref: Capref,
  right: 'invoke' | 'write',
): ContainerSlot {
  if (capref === hereCapref) return inside
  const { table, slot, stamp } = readCapref(capref)
  const proper = slot < capabilitySlots && makeCapref(table, slot, stamp) === capref
  const { shape } = region.plan
  const owner =
    table === 'own'
      ? capabilityTables.ofLocus(shape, locus)
      : capabilityTables.ofContainer(shape, inside)
  const found = proper ? readSlot(region, owner, slot) : null
  if (found === null || found.stamp !== stamp)
    throw new LocusError('invalid_capref', `${hex(capref)} names nothing in the locus’s tables`)
  if (found.kind !== entityKinds.container)
    throw new LocusError('wrong_type', `${hex(capref)} does not name a container`)
  const container = asContainer(found.of)
  const { words } = region
  const state = words.load(region.containerWord(container, 'state'))
  if (
    words.load(region.containerWord(container, 'generation')) !== found.generation ||
    (state !== containerStates.live &&
      state !== containerStates.failed &&
      state !== containerStates.away)
  )
    throw new LocusError('entity_gone', `the container of ${hex(capref)} was destroyed`)
  if ((found.rights & rights[right]) === 0)
    throw new LocusError('right_missing', `${hex(capref)} does not have the right to ${right}`)
  if (state === containerStates.away && right !== 'invoke')
    throw new LocusError(
      'not_supported',
      `the container of ${hex(capref)} lives on another machine; what is asked is done there`,
    )
  if (state === containerStates.failed)
    throw new LocusError(
      'manager_failed',
      `the manager of the container of ${hex(capref)} failed too often and was given up; open the world again`,
    )
  return container
}

/** Whether nothing of the container is on this machine: it stands for one of another. */
export const isAway = (region: Region, container: ContainerSlot): boolean =>
  region.words.load(region.containerWord(container, 'state')) === containerStates.away

interface Slot {
  readonly kind: number
  readonly of: number
  readonly generation: number
  readonly rights: number
  readonly stamp: number
}

function readSlot(region: Region, table: number, slot: number): Slot | null {
  const { words } = region
  const word = (field: 'kind' | 'slot' | 'generation' | 'rights'): number =>
    words.load(region.capabilityWord(table, slot, field))
  const bits = word('rights')
  const of = word('slot')
  const generation = word('generation')
  // Kind after slot and generation, rights after kind: the other way round a slot changed meanwhile could pass as whole.
  const kind = word('kind')
  if (kind === entityKinds.none || word('rights') !== bits) return null
  return { kind, of, generation, rights: bits & 0xff, stamp: (bits >>> 8) & stampMask }
}

const hex = (capref: Capref): string => `capref 0x${(capref >>> 0).toString(16)}`
