/** cap_copy and cap_list: handing capabilities on, never with more rights than one has. */
import {
  capabilityTables,
  makeCapref,
  refuse,
  type Answer,
  type ArgsOf,
  type Capref,
  type containerCalls,
  type PortId,
  type Refusal,
} from '@katydid/abi'
import { invariant, type IncomingCall, type later } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { mergeInto } from '../state-interval/points.js'
import type { Machine } from '../machine.js'
import type { Capability } from './capability-tables.js'
import { copyAway } from '../remote/copy-away.js'
import { exists, resolve, resolveAny, tableOf } from './resolve.js'

type Calls = typeof containerCalls

/** Copies a capability into a container's table: cap_copy. The giver's needs `copy`, the container's `write`. */
export function capCopy(
  machine: Machine,
  args: ArgsOf<Calls['capCopy']>,
  call: IncomingCall<Calls['capCopy']>,
): Answer<Calls['capCopy']> | typeof later {
  const { from } = call
  const source = resolve(machine, from, args.cap, 'any', 'copy')
  if (source.status !== 'ok') return source
  const target = resolveAny(machine, from, args.to, 'write')
  if (target.status !== 'ok') return target
  const rights = source.capability.rights & args.rights
  if (rights === 0)
    return refuse('right_missing', 'none of the rights asked for is in the capability copied')
  invariant(
    (rights & ~source.capability.rights) === 0,
    'CP4: a copy has no right its source lacks',
    {
      rights,
    },
  )
  if (target.container.home !== null)
    return copyAway(machine, call, source.capability, rights, target)
  return putInto(machine, target.container, { ...capabilityOf(source.capability), rights })
}

const capabilityOf = ({ kind, slot, generation, rights, group, far }: Capability): Capability => ({
  ...(far === undefined ? {} : { far }),
  kind,
  slot,
  generation,
  rights,
  group,
})

/** Puts a capability into the table of a container of this machine. */
export function putInto(
  machine: Machine,
  { slot, name, intervals }: Container,
  capability: Capability,
): { readonly status: 'ok'; readonly cap: Capref } | Refusal<'no_resource'> {
  const table = capabilityTables.ofContainer(machine.region.plan.shape, slot)
  const cap = machine.capabilities.grant(table, 'host_container', capability)
  if (cap === null) return refuse('no_resource', `the capability table of “${name}” is full`)
  const standIn = capability.far === undefined ? null : machine.containers.anyAt(capability.slot)
  if (standIn !== null) mergeInto(intervals.history.owed, standIn.intervals.history.owed)
  machine.changed()
  return { status: 'ok', cap }
}

/** The capabilities in the caller's own table, or in that of the container it is in: cap_list. */
export function capList(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['capList']>,
): Answer<Calls['capList']> {
  const which = args.table === 'host_container' ? 'host_container' : 'own'
  const table = tableOf(machine, from, which)
  invariant(table !== null || which !== 'own', 'CP1: every principal has a table of its own', {
    from,
  })
  const held = table === null ? [] : machine.capabilities.list(table)
  const caps = held.map((each) => ({
    cap: makeCapref(which, each.index, each.stamp),
    kind: each.kind,
    name: nameOf(machine, each),
    rights: each.rights,
    gone: !exists(machine, each),
  }))
  return { status: 'ok', caps }
}

function nameOf(machine: Machine, held: Capability): string {
  if (held.kind === 'locus') return machine.loci.withId(held.slot)?.name ?? ''
  const container = held.kind === 'container' ? machine.containers.anyAt(held.slot) : null
  return container?.generation === held.generation ? container.name : ''
}
