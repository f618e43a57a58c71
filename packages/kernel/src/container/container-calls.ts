/** Creating, finding and destroying containers, and their invocation points. */
import {
  maxContainerBytes,
  masterRights,
  refuse,
  type Answer,
  type ArgsOf,
  type Capref,
  type containerCalls,
  type PortId,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { resolveContainer, tableOf } from '../capability/resolve.js'
import type { Machine } from '../machine.js'
import type { Container } from './container.js'
import { noteMessage } from '../state-interval/messages.js'
import { mergeInto } from '../state-interval/points.js'
import { retire } from './retire.js'

type Calls = typeof containerCalls

/** A capability for the container with these rights in the principal's own table; null when that is full. */
export function grantContainer(
  machine: Machine,
  to: PortId,
  container: Container,
  rights: number,
): Capref | null {
  const table = tableOf(machine, to, 'own')
  invariant(table !== null, 'CP1: every principal has a table of its own', { to })
  const { slot, generation } = container
  return machine.capabilities.grant(table, 'own', {
    kind: 'container',
    slot,
    generation,
    rights,
    group: 0,
  })
}

/** container_create: an empty container, and its master capability for the caller. */
export function containerCreate(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['containerCreate']>,
): Answer<Calls['containerCreate']> {
  const { pageBytes } = machine.region.plan.shape
  const { size, name } = args
  if (!Number.isInteger(size) || size <= 0 || size > maxContainerBytes || size % pageBytes !== 0)
    return refuse(
      'bad_argument',
      `a container’s size is a multiple of ${pageBytes} up to 2^48 bytes, not ${size}`,
    )
  if (machine.containers.named(name) !== null)
    return refuse('bad_argument', `the world already has a container named “${name}”`)
  const container = machine.containers.create({
    size,
    name,
    interval: machine.firstInterval,
    epoch: machine.captures.epoch,
  })
  if (container === null)
    return refuse(
      'no_resource',
      `all ${machine.region.plan.shape.maxContainers} container slots are taken`,
    )
  const cont = grantContainer(machine, from, container, masterRights)
  if (cont === null) {
    machine.containers.remove(container)
    return refuse('no_resource', 'the caller’s capability table is full')
  }
  noteMessage(machine, from, container.slot)
  inheritName(machine, container)
  machine.changed()
  return { status: 'ok', cont }
}

/** It has the name of one that was destroyed: should that come back, this one was never made. */
function inheritName(machine: Machine, { name, intervals }: Container): void {
  for (const grave of machine.graves)
    if (name !== '' && grave.container.name === name)
      mergeInto(intervals.history.owed, new Map([[grave.container.slot, grave.interval]]))
}

/** container_find: a master capability for the host to the container of that name. */
export function containerFind(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['containerFind']>,
): Answer<Calls['containerFind']> {
  const container = machine.containers.named(args.name)
  if (container === null || container.selfManaged)
    return refuse('no_such_container', `the world has no container named “${args.name}”`)
  const cont = grantContainer(machine, from, container, masterRights)
  if (cont === null) return refuse('no_resource', 'the caller’s capability table is full')
  const { size, program, manager } = container
  return { status: 'ok', cont, size, program, managed: manager !== null }
}

/** container_destroy: every capability dies at once; busy while a locus is in it. */
export function containerDestroy(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['containerDestroy']>,
): Answer<Calls['containerDestroy']> {
  const found = resolveContainer(machine, from, args.cont, 'destroy')
  if (found.status !== 'ok') return found
  const { container } = found
  if (container.selfManaged || !retire(machine, container))
    return refuse('busy', `a locus or a manager lives in “${container.name}”`)
  machine.changed()
  return { status: 'ok' }
}

/** set_invocation_point. */
export function setInvocationPoint(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['setInvocationPoint']>,
): Answer<Calls['setInvocationPoint']> {
  const found = resolveContainer(machine, from, args.cont, 'write')
  if (found.status !== 'ok') return found
  found.container.program = args.program
  noteProgram(machine, found.container)
  machine.changed()
  return { status: 'ok' }
}

/** get_invocation_point. */
export function getInvocationPoint(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['getInvocationPoint']>,
): Answer<Calls['getInvocationPoint']> {
  const found = resolveContainer(machine, from, args.cont, 'invoke')
  if (found.status !== 'ok') return found
  return { status: 'ok', program: found.container.program }
}

/** remove_invocation_point. */
export function removeInvocationPoint(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['removeInvocationPoint']>,
): Answer<Calls['removeInvocationPoint']> {
  const found = resolveContainer(machine, from, args.cont, 'write')
  if (found.status !== 'ok') return found
  found.container.program = null
  noteProgram(machine, found.container)
  machine.changed()
  return { status: 'ok' }
}

/** Loci keep what they have loaded of a container's program until this word changes. */
function noteProgram(machine: Machine, container: Container): void {
  machine.region.words.add(machine.region.containerWord(container.slot, 'program'), 1)
}
