/** cap_derive, cap_remove and group_destroy: fewer rights for others, and the means to take them back. */
import {
  capabilitySlots,
  hereCapref,
  makeCapref,
  masterRights,
  readCapref,
  refuse,
  type Answer,
  type ArgsOf,
  type capabilityCalls,
  type PortId,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { tellRevoked } from '../container/mapping-change.js'
import type { Machine } from '../machine.js'
import { mostGroups } from './group-table.js'
import { hex, resolve, tableOf } from './resolve.js'

type Calls = typeof capabilityCalls

/** cap_derive: a group below that of the capability, never with a right that the capability lacks. */
export function capDerive(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['capDerive']>,
): Answer<Calls['capDerive']> {
  const found = resolve(machine, from, args.cap, 'any', 'copy')
  if (found.status !== 'ok') return found
  if (found.capability.far !== undefined)
    return refuse(
      'not_supported',
      `permission groups of a container are kept where it lives, on machine ${found.capability.far.machine}; derive there, and hand that on`,
    )
  if (!Number.isInteger(args.rights) || args.rights < 1 || args.rights > masterRights)
    return refuse('bad_argument', `rights are bits from 1 to ${masterRights}, not ${args.rights}`)
  const rights = found.capability.rights & args.rights
  if (rights === 0)
    return refuse('right_missing', 'none of the rights asked for is in the capability')
  if (machine.groups.isFull) forgetUnnamed(machine, found.capability.group)
  if (machine.groups.isFull)
    return refuse('no_resource', `the machine has ${mostGroups} permission groups already`)
  const table = tableOf(machine, from, 'own')
  invariant(table !== null, 'CP1: every principal has a table of its own', { from })
  const { kind, slot, generation } = found.capability
  const { id } = machine.groups.derive(found.capability, rights)
  const derived = { kind, slot, generation, rights, group: id }
  const handle = { kind: 'group', slot: id, generation: 1, rights: masterRights, group: 0 } as const
  const cap = machine.capabilities.grant(table, 'own', derived)
  const group = cap === null ? null : machine.capabilities.grant(table, 'own', handle)
  if (cap === null || group === null) {
    if (cap !== null) machine.capabilities.take(table, readCapref(cap).slot)
    machine.groups.destroy(id)
    return refuse('no_resource', 'the caller’s capability table has no room for two capabilities')
  }
  machine.changed()
  return { status: 'ok', cap, group }
}

/** cap_remove: also of what is dead. */
export function capRemove(
  machine: Machine,
  from: PortId,
  { cap }: ArgsOf<Calls['capRemove']>,
): Answer<Calls['capRemove']> {
  const named = readCapref(cap)
  const table = tableOf(machine, from, named.table)
  const proper = makeCapref(named.table, named.slot, named.stamp) === cap && cap !== hereCapref
  const held =
    proper && table !== null && named.slot < capabilitySlots
      ? machine.capabilities.read(table, named.slot)
      : null
  if (table === null || held === null || held.kind === 'none' || held.stamp !== named.stamp)
    return refuse('invalid_capref', `${hex(cap)} is not a capability reference of the caller`)
  machine.capabilities.take(table, named.slot)
  machine.changed()
  return { status: 'ok' }
}

/** group_destroy: everything bound to the group, or below it, is dead in all tables before this answers. */
export function groupDestroy(
  machine: Machine,
  from: PortId,
  { group }: ArgsOf<Calls['groupDestroy']>,
): Answer<Calls['groupDestroy']> {
  const found = resolve(machine, from, group, 'group', 'destroy')
  if (found.status !== 'ok') return found
  const dead = machine.groups.destroy(found.capability.slot)
  killDead(machine)
  tellRevoked(machine, dead)
  machine.changed()
  return { status: 'ok' }
}

/** Capabilities whose group is gone are dead in every table, also for loci that look for themselves. */
export function killDead(machine: Machine): void {
  machine.capabilities.killDead((group) => machine.groups.isAlive(group))
}

/** Groups of which no capability is left, in a table or in the saved state of a locus that waits to be started. */
function forgetUnnamed(machine: Machine, needed: number): void {
  const named = machine.capabilities.groupsNamed().add(needed)
  for (const { heldBack } of machine.loci.all())
    for (const each of heldBack?.capabilities ?? []) named.add(each.group)
  for (const { mappings } of machine.containers.all())
    for (const each of mappings) named.add(each.group)
  machine.groups.keep(named)
}
