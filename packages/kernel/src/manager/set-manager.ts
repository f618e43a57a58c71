/** set_manager and quality_of_service: who manages a container, by which name, and what it promises. */
import {
  asInterval,
  refuse,
  rights,
  type Answer,
  type ArgsOf,
  type managerDowncalls,
  type PortId,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { resolve, resolveContainer } from '../capability/resolve.js'
import type { Container } from '../container/container.js'
import { isLoggedLevel } from '../logged/level.js'
import type { Machine } from '../machine.js'
import type { Manager } from './manager-table.js'

type Calls = typeof managerDowncalls

/** set_manager: for the holder of the master right, or the present manager. Twice the same is ok. */
export function setManager(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['setManager']>,
): Answer<Calls['setManager']> {
  const found = resolveContainer(machine, from, args.cont, null)
  if (found.status !== 'ok') return found
  const { container, capability } = found
  if ((capability.rights & rights.master) === 0 && container.manager !== from)
    return refuse('right_missing', 'only the master right or the present manager sets the manager')
  const named = resolve(machine, from, args.manager, 'manager', null)
  if (named.status !== 'ok') return named
  const manager = machine.managers.at(named.capability.slot)
  invariant(manager !== null, 'CP2: a capability that resolves names something', {
    slot: named.capability.slot,
  })
  if (machine.managers.isGivenUp(container.manager))
    return refuse('bad_argument', 'the container has stopped with its manager, and stays as it is')
  if (
    container.selfManaged &&
    (container.manager !== manager.port || container.token !== args.contId)
  )
    return refuse('bad_argument', 'a self-managed container keeps its manager and its name')
  if (
    container.manager !== null &&
    container.manager !== manager.port &&
    container.intervals.label !== 0
  )
    return refuse('bad_argument', 'the container has snapshots with its present manager')
  if (closesCycle(machine, container, manager))
    return refuse(
      'bad_argument',
      'the manager would need the container’s pages to supply them, and none of those between has a root page',
    )
  const namesake = machine.containers
    .all()
    .find(
      (each) => each !== container && each.manager === manager.port && each.token === args.contId,
    )
  if (namesake !== undefined)
    return refuse('bad_argument', `the manager calls another container ${args.contId} already`)
  machine.containers.setManager(container, manager.port, args.contId)
  machine.changed()
  const stateInterval = asInterval(machine.containers.interval(container.slot))
  return { status: 'ok', slot: container.slot, size: container.size, stateInterval }
}

/**
 * Whether the container would be managed by way of itself: by a manager that lives in it, or in a container so managed. A root page
 * somewhere on the way breaks the circle, because that one page the kernel supplies.
 */
function closesCycle(machine: Machine, container: Container, by: Manager): boolean {
  const passed = new Set<Manager>()
  let each: Manager | null = by
  while (each !== null && !passed.has(each)) {
    passed.add(each)
    if (each.root !== null || each.stable !== null || each.own === null) return false
    if (each.own === container) return true
    each = each.own.manager === null ? null : machine.managers.at(each.own.manager)
  }
  invariant(
    passed.size <= machine.managers.all().length,
    'MG42: a chain of managers passes each of them once',
    { port: by.port },
  )
  return false
}

/**
 * quality_of_service. `logging` and `deterministic` are of containers with snapshots, on which visits can be run again; their loci
 * are told by a word of the container.
 */
export function qualityOfService(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['qualityOfService']>,
): Answer<Calls['qualityOfService']> {
  const found = resolveContainer(machine, from, args.cont, 'manage')
  if (found.status !== 'ok') return found
  const { container } = found
  if (container.manager !== from)
    return refuse('right_missing', 'only the container’s manager says what it promises')
  const keepsNone = container.selfManaged || container.intervals.volatile
  if (isLoggedLevel(args.serviceLevel) && keepsNone)
    return refuse(
      'not_supported',
      `visits of “${container.name}” cannot be run again: it has no snapshots that they could be run on`,
    )
  // Whoever is inside at this moment goes by the level it came in with.
  if (container.serviceLevel !== args.serviceLevel)
    container.intervals.history.gap ??= 'its level was changed'
  machine.containers.setLevel(container, args.serviceLevel)
  machine.changed()
  return { status: 'ok' }
}
