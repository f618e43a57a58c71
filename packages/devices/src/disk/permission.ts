/**
 * Who may use a disk: the kernel, and whoever holds a capability for it in its own table. The tables are shared memory that
 * the kernel alone writes, so a capability that was made up, removed or taken back is none, from the next call on.
 */
import {
  actorPorts,
  capabilitySlots,
  capabilityTables,
  entityKinds,
  refuse,
  rights,
  type PortId,
  type Refusal,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'

export type DiskRight = 'read' | 'write'
/** Why the caller may not, or null. */
export type Permission = (from: PortId, right: DiskRight) => Refusal<'right_missing'> | null

/** For a disk that stands alone, without a kernel that gives capabilities. */
export const anybody: Permission = () => null

/** Looks into the callers’ tables for a capability to the disk whose driver is at `disk`. */
export function byCapability(region: Region, disk: PortId): Permission {
  const lastSlot = new Map<PortId, number>()
  const { words } = region
  const allows = (table: number, slot: number, right: DiskRight): boolean => {
    const word = (field: 'kind' | 'slot' | 'generation' | 'rights'): number =>
      words.load(region.capabilityWord(table, slot, field))
    // Its kind is taken away before a slot changes and stored last: the same before and after means the same capability.
    if (word('kind') !== entityKinds.disk) return false
    const isIt = word('slot') === disk && word('generation') !== 0
    const bits = word('rights')
    return isIt && (bits & rights[right]) !== 0 && word('kind') === entityKinds.disk
  }
  return (from, right) => {
    invariant(from !== disk, 'DK22: a driver does not ask itself', { from })
    if (from === actorPorts.kernel) return null
    const table = capabilityTables.ofActor(region.plan.shape, from)
    const last = lastSlot.get(from)
    if (last !== undefined && allows(table, last, right)) return null
    for (let slot = 0; slot < capabilitySlots; slot++)
      if (allows(table, slot, right)) {
        lastSlot.set(from, slot)
        return null
      }
    return refuse(
      'right_missing',
      `The actor at port ${from} has no capability that gives the right to ${right} the disk. The kernel gives each manager one at its start.`,
    )
  }
}
