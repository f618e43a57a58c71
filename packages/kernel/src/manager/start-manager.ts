/**
 * Starting a manager, the first time and after its death: one way. Its container exists and its root page, if it keeps
 * one, is mapped before its first instruction; everything else it faults in itself.
 */
import {
  actorPorts,
  actorStates,
  asGeneration,
  asInterval,
  asToken,
  capabilityTables,
  masterRights,
  type ManagerBoot,
} from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { grantContainer } from '../container/container-calls.js'
import type { Machine } from '../machine.js'
import type { Manager } from './manager-table.js'
import { knownPoints } from '../recovery/known-points.js'
import { showRootPage } from './root-page.js'

/** A manager's own name for the container it lives in. Others it chooses from 2 on. */
export const ownToken = asToken(1)
const startMs = 30_000

/**
 * Makes the container in which a manager lives, empty; it is its own manager from the beginning. False when every slot is
 * taken; slots of containers that may come back count as taken.
 */
export function createOwnContainer(machine: Machine, manager: Manager): boolean {
  const { port, program } = manager
  invariant(manager.own === null, 'CO1: a manager lives in one container', { port })
  const { pageBytes } = machine.region.plan.shape
  const size = Math.ceil(program.containerBytes / pageBytes) * pageBytes
  const known = knownPoints(machine).map(({ unit }) => unit)
  const avoid = new Set([...known, ...machine.kept.slots()])
  const interval = machine.firstInterval
  const own = machine.containers.create({ size, name: '', interval, epoch: 0, avoid })
  if (own === null) return false
  own.selfManaged = true
  manager.own = own
  machine.containers.setManager(own, port, ownToken)
  return true
}

/** Orders the manager's thread and waits until it serves; false when it does not come up in time. */
export function* startManager(machine: Machine, manager: Manager): Script<boolean> {
  const { port, own, program } = manager
  invariant(own !== null, 'SI17: a manager’s container is there before it starts', { port })
  const { words } = machine.region
  const generationWord = machine.region.actorWord(port, 'generation')
  const before = words.load(generationWord)
  const boot = bootOf(machine, manager)
  manager.state = 'starting'
  machine.order({
    order: 'start_manager',
    port,
    module: manager.program.module,
    boot,
    options: program.options,
    recordedHash: manager.recordedHash,
  })
  const state = (): number => words.load(machine.region.actorWord(port, 'state'))
  const decided = yield* machine.waits.until(
    () =>
      words.load(generationWord) !== before &&
      (state() === actorStates.running || state() === actorStates.dead),
    startMs,
  )
  // One that died as it started is not waited for: it is started again, as often as recovery allows.
  if (!decided || state() === actorStates.dead) return false
  manager.generation = asGeneration(words.load(generationWord))
  manager.state = 'running'
  manager.recordedHash = null
  machine.containers.setManager(own, port, ownToken)
  return true
}

function bootOf(machine: Machine, manager: Manager): ManagerBoot {
  const { port, own, stable } = manager
  invariant(own !== null, 'SI17: a manager’s container is there before it starts', { port })
  const table = capabilityTables.ofActor(machine.region.plan.shape, port)
  machine.capabilities.clear(table)
  const self = machine.capabilities.grant(table, 'own', {
    kind: 'manager',
    slot: port,
    generation: 1,
    rights: masterRights,
    group: 0,
  })
  // Its driver serves who holds this. A manager that removes it, or of which it is taken back, has no disk any more.
  const disk = machine.capabilities.grant(table, 'own', {
    kind: 'disk',
    slot: actorPorts.disk,
    generation: 1,
    rights: masterRights,
    group: 0,
  })
  const capability = grantContainer(machine, port, own, masterRights)
  invariant(self !== null && disk !== null && capability !== null, 'CP1: an empty table has room', {
    port,
  })
  machine.containers.setInterval(own.slot, machine.firstInterval)
  own.intervals.points.clear()
  own.intervals.label = stable?.interval ?? asInterval(0)
  own.intervals.recoverable = own.intervals.label
  if (stable !== null && manager.root === null) {
    const shown = showRootPage(machine, manager, stable.offset, stable.bytes)
    invariant(shown, 'SI17: there is a frame for the root page before managers have any', { port })
  }
  const interval = asInterval(machine.firstInterval)
  const { slot, size } = own
  const rootPage =
    stable === null || manager.root === null
      ? null
      : { offset: manager.root.offset, stateInterval: stable.interval }
  return {
    port,
    self,
    own: { capability, slot, token: ownToken, size, interval },
    disk: actorPorts.disk,
    fresh: stable === null,
    rootPage,
  }
}
