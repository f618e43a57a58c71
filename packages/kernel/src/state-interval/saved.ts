/** What a record keeps of a unit: copied out while it stands still. */
import { capabilityTables } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import { registersOf } from '../locus/start.js'
import type { Machine } from '../machine.js'
import { savedTable } from '../capability/saved-table.js'
import { answerOf, durableCallsOf } from '../locus/durable-calls.js'
import { waitOf } from '../semaphore/wait-of.js'
import type { Semaphore } from '../semaphore/semaphore-table.js'
import type { SavedContainer, SavedLocus, SavedPoint, SavedSemaphore } from './records.js'
import type { UnitPoint } from './history.js'
import { groupsOf } from './home.js'
import { semaphoreUnit } from './units.js'

const pointOf = ({ interval, dependencies }: UnitPoint): SavedPoint => ({
  interval,
  dependencies: [...dependencies],
})

/** What the container is apart from its pages. */
export type ContainerState = Omit<SavedContainer, keyof SavedPoint | 'label' | 'epoch' | 'output'>

export function stateOf(machine: Machine, container: Container): ContainerState {
  const { slot, generation, name, size, program, manager, token, serviceLevel, mappings } =
    container
  const { words } = machine.region
  return {
    slot,
    generation,
    name,
    size,
    program,
    manager,
    token,
    serviceLevel,
    incarnation: words.load(machine.region.containerWord(slot, 'incarnation')),
    capabilities: savedTable(
      machine,
      capabilityTables.ofContainer(machine.region.plan.shape, slot),
    ),
    mappings,
    snapshotOf: container.snapshotOf,
    loci: machine.loci
      .all()
      .filter((each) => each.container === slot)
      .map((each) => saveLocus(machine, each)),
    groups: groupsOf(machine, slot),
    ...(container.letters === undefined ? {} : { letters: container.letters.save() }),
  }
}

export function saveContainer(
  machine: Machine,
  container: Container,
  point: UnitPoint,
): SavedContainer {
  const output = machine.output.saved(container)
  return {
    ...stateOf(machine, container),
    ...pointOf(point),
    label: point.image,
    epoch: point.epoch,
    ...(output === null ? {} : { output }),
  }
}

export function saveSemaphore(
  machine: Machine,
  semaphore: Semaphore,
  point: UnitPoint,
): SavedSemaphore {
  const { id, count, taken } = semaphore
  return {
    id,
    count,
    taken: [...taken],
    groups: groupsOf(machine, semaphoreUnit(machine, id)),
    epoch: point.epoch,
    ...pointOf(point),
  }
}

/** The locus as a record keeps it. */
export function saveLocus(machine: Machine, locus: Locus): SavedLocus {
  if (locus.heldBack !== null) return locus.heldBack
  const { id, name, container, program, block, rights, slot, end, suspended } = locus
  const alive = slot !== null && end === null
  invariant(end !== null || slot !== null, 'LO60: a live locus has a slot', { id })
  const table = alive ? capabilityTables.ofLocus(machine.region.plan.shape, slot) : -1
  return {
    id,
    name,
    container,
    program,
    block,
    rights,
    slot: alive ? slot : null,
    registers: alive ? registersOf(machine, slot) : new Uint8Array(256),
    capabilities: alive ? savedTable(machine, table) : [],
    end,
    suspended,
    durableCalls: durableCallsOf(machine, locus),
    answer: answerOf(machine, locus),
    wait: waitOf(machine, locus),
  }
}
