/** Which unit of recovery an entity belongs to: a container, or a semaphore. Managers and disks belong to none. */
import type { EntityKind } from '@katydid/abi'
import { invariant, unreachable } from '@katydid/actor'
import type { PermissionGroup } from '../capability/group-table.js'
import type { Machine } from '../machine.js'
import { semaphoreUnit } from './units.js'

/** The unit that a permission group is kept with; nil: with none, it is of the machine. */
export function homeOf(machine: Machine, kind: EntityKind, slot: number): number | null {
  invariant(slot >= 0, 'SI23: what a capability names has a number', { kind, slot })
  switch (kind) {
    case 'container':
      return slot
    case 'locus':
      return machine.loci.withId(slot)?.container ?? null
    case 'semaphore':
      return semaphoreUnit(machine, slot)
    case 'group': {
      const group = machine.groups.at(slot)
      return group === null ? null : homeOf(machine, group.kind, group.slot)
    }
    case 'manager':
    case 'disk':
    case 'none':
      return null
    default:
      return unreachable(kind)
  }
}

/** Groups that are kept with the unit; `null`: with none. */
export const groupsOf = (machine: Machine, unit: number | null): PermissionGroup[] =>
  machine.groups.all().filter(({ kind, slot }) => homeOf(machine, kind, slot) === unit)
