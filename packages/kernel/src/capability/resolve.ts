/**
 * From a Capref to the thing it names: the only way by which a caller's number becomes authority. A made-up, stale or
 * forged Capref gets a status, and nothing changes.
 */
import {
  actorPorts,
  capabilitySlots,
  capabilityTables,
  hereCapref,
  hereRights,
  hostPort,
  isLocusPort,
  locusOfPort,
  makeCapref,
  maxActors,
  readCapref,
  refuse,
  rights,
  type Capref,
  type CaprefTable,
  type EntityKind,
  type PortId,
  type Refusal,
} from '@katydid/abi'
import { invariant, unreachable } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { isVoid } from '../remote/stand-ins.js'
import { noteCall } from '../state-interval/messages.js'
import type { Capability, PlacedCapability } from './capability-tables.js'

export type CapabilityError = 'invalid_capref' | 'wrong_type' | 'right_missing' | 'entity_gone'
/** The same, where it must be a container of this machine. */
export type ContainerError = CapabilityError | 'not_supported'
export type Right = keyof typeof rights

/** What a Capref led to, or why it led nowhere. */
export type Resolved<T, E extends ContainerError = CapabilityError> =
  | ({ readonly status: 'ok' } & T)
  | Refusal<E>
type Held = { readonly capability: PlacedCapability }

/** The table that a principal's Caprefs of this flag refer to; null when it has none. */
export function tableOf(machine: Machine, from: PortId, which: CaprefTable): number | null {
  const { shape } = machine.region.plan
  if (from === hostPort) return which === 'own' ? capabilityTables.ofHost(shape) : null
  if (isLocusPort(from)) {
    const slot = locusOfPort(from)
    if (slot >= shape.maxLoci) return null
    if (which === 'own') return capabilityTables.ofLocus(shape, slot)
    const inside = machine.region.words.load(machine.region.locusWord(slot, 'container'))
    return inside >= 0 && inside < shape.maxContainers
      ? capabilityTables.ofContainer(shape, inside)
      : null
  }
  invariant(from < maxActors, 'CP1: a principal is the host, a locus or an actor', { from })
  if (which === 'own') return capabilityTables.ofActor(shape, from)
  const own = machine.managers.ownContainer(from)
  return own === null ? null : capabilityTables.ofContainer(shape, own.slot)
}

/** Looks a Capref up in its caller's tables; `kind` and `right` are what the call needs. No kind is wrong for `any`. */
export function resolve(
  machine: Machine,
  from: PortId,
  capref: Capref,
  kind: 'any',
  right: Right | null,
): Resolved<Held, Exclude<CapabilityError, 'wrong_type'>>
export function resolve(
  machine: Machine,
  from: PortId,
  capref: Capref,
  kind: EntityKind,
  right: Right | null,
): Resolved<Held>
export function resolve(
  machine: Machine,
  from: PortId,
  capref: Capref,
  kind: EntityKind | 'any',
  right: Right | null,
): Resolved<Held> {
  return lookUp(machine, from, capref, kind, right, noteCall)
}

/** The same; `note` is told of what is named, as the call is a message to it. */
function lookUp(
  machine: Machine,
  from: PortId,
  capref: Capref,
  kind: EntityKind | 'any',
  right: Right | null,
  note: typeof noteCall,
): Resolved<Held> {
  if (capref === hereCapref) return resolveHere(machine, from, kind, right)
  const named = readCapref(capref)
  const table = tableOf(machine, from, named.table)
  const proper = makeCapref(named.table, named.slot, named.stamp) === capref
  if (!proper || table === null || named.slot >= capabilitySlots)
    return refuse('invalid_capref', `${hex(capref)} is not a capability reference of the caller`)
  const capability = machine.capabilities.read(table, named.slot)
  if (capability.kind === 'none' || capability.stamp !== named.stamp)
    return refuse(
      'invalid_capref',
      `${hex(capref)} names an empty or reused slot of the caller’s table`,
    )
  if (kind !== 'any' && capability.kind !== kind)
    return refuse('wrong_type', `${hex(capref)} names a ${capability.kind}, not a ${kind}`)
  if (!exists(machine, capability))
    return refuse(
      'entity_gone',
      `the ${capability.kind} of ${hex(capref)}, or its permission group, was destroyed`,
    )
  note(machine, from, capability)
  if (right !== null && (capability.rights & rights[right]) === 0)
    return refuse('right_missing', `${hex(capref)} does not have the right “${right}”`)
  return { status: 'ok', capability }
}

/** The container a locus is in, which it may use without holding a capability for it. */
function resolveHere(
  machine: Machine,
  from: PortId,
  kind: EntityKind | 'any',
  right: Right | null,
): Resolved<Held> {
  const inside = isLocusPort(from)
    ? machine.region.words.load(machine.region.locusWord(locusOfPort(from), 'container'))
    : -1
  const container = machine.containers.at(inside)
  if (container === null) return refuse('invalid_capref', 'the caller is in no container')
  const { slot, generation } = container
  const capability = {
    kind: 'container',
    slot,
    generation,
    rights: hereRights,
    index: -1,
    stamp: 0,
    group: 0,
  } as const
  if (kind !== 'any' && kind !== 'container')
    return refuse('wrong_type', `the caller’s own container is not a ${kind}`)
  if (!exists(machine, capability))
    return refuse('entity_gone', 'the container the caller is in was destroyed')
  if (right !== null && (hereRights & rights[right]) === 0)
    return refuse('right_missing', `being in a container does not give the right “${right}”`)
  return { status: 'ok', capability }
}

/**
 * Whether a capability keeps its slot when a table has no other left: not when it is dead, and not one to a locus that has ended, which
 * hosts find again by its name.
 */
export function isNeeded(machine: Machine, capability: Capability): boolean {
  if (!exists(machine, capability)) return false
  return capability.kind !== 'locus' || machine.loci.withId(capability.slot)?.end === null
}

/** The container of this machine that a Capref names, when it gives the right. */
export function resolveContainer(
  machine: Machine,
  from: PortId,
  capref: Capref,
  right: Right | null,
): Resolved<
  { readonly container: Container; readonly capability: PlacedCapability },
  ContainerError
> {
  const found = resolveAny(machine, from, capref, right)
  return found.status === 'ok' ? onlyHere(capref, found) : found
}

/** The same, or what stands for one of another machine. */
export function resolveAny(
  machine: Machine,
  from: PortId,
  capref: Capref,
  right: Right | null,
): Resolved<{ readonly container: Container; readonly capability: PlacedCapability }> {
  const found = resolve(machine, from, capref, 'container', right)
  return found.status === 'ok' ? withRecord(machine, found) : found
}

function withRecord(machine: Machine, { capability }: Held) {
  const container = machine.containers.anyAt(capability.slot)
  invariant(container !== null, 'CP2: a live container has its record', { ...capability })
  return { status: 'ok', container, capability } as const
}

function onlyHere<F extends { readonly container: Container }>(
  capref: Capref,
  found: F,
): F | Refusal<'not_supported'> {
  const { home } = found.container
  if (home === null) return found
  return refuse(
    'not_supported',
    `the container of ${hex(capref)} lives on machine ${home.machine}; what is asked is done there`,
  )
}

/**
 * The container of which a manager reports: also one that was destroyed, until its end is recoverable. A crash before that brings it back at a point of
 * it, so what is captured of it becomes stable as ever, and the line goes on.
 */
export function reportedContainer(
  machine: Machine,
  from: PortId,
  capref: Capref,
): ReturnType<typeof resolveContainer> {
  const found = resolveContainer(machine, from, capref, 'manage')
  if (found.status !== 'entity_gone' || capref === hereCapref) return found
  const named = readCapref(capref)
  const table = tableOf(machine, from, named.table)
  if (table === null) return found
  const capability = machine.capabilities.read(table, named.slot)
  // Its slot is nobody else's until then.
  const grave = machine.graves.find(({ container }) => container.slot === capability.slot)
  return grave === undefined ? found : { status: 'ok', container: grave.container, capability }
}

/** The same of a call that is no message to the container: it changes nothing of it, and what the caller hears of it is noted by the caller. */
export function peekContainer(
  machine: Machine,
  from: PortId,
  capref: Capref,
  right: Right,
): ReturnType<typeof resolveContainer> {
  const found = lookUp(machine, from, capref, 'container', right, () => {})
  return found.status === 'ok' ? onlyHere(capref, withRecord(machine, found)) : found
}

/** Whether what a capability names is there, and the permission group it is bound to. */
export function exists(machine: Machine, capability: Capability): boolean {
  if (capability.generation === 0 || !machine.groups.isAlive(capability.group)) return false
  switch (capability.kind) {
    case 'container': {
      const container = machine.containers.anyAt(capability.slot)
      return (
        container !== null &&
        container.generation === capability.generation &&
        machine.containers.isThere(container) &&
        !isVoid(machine, container)
      )
    }
    case 'manager':
      return machine.managers.at(capability.slot) !== null
    case 'locus':
      return machine.loci.withId(capability.slot) !== null
    case 'semaphore':
      return machine.semaphores.at(capability.slot) !== null
    case 'group':
      return machine.groups.at(capability.slot) !== null
    case 'disk':
      return capability.slot === actorPorts.disk
    case 'none':
      return false
    default:
      return unreachable(capability.kind)
  }
}

/** A Capref as it stands in sentences. */
export const hex = (capref: Capref): string => `capref 0x${(capref >>> 0).toString(16)}`
