/** Making the world what a capture says: containers first, then their managers' part, then capability tables, then loci. */
import {
  asContainer,
  asGeneration,
  asInterval,
  asLocus,
  asPort,
  asToken,
  capabilityTables,
  managerUpcalls,
  masterRights,
  type ServiceLevel,
} from '@katydid/abi'
import { all, ask, invariant, type Script } from '@katydid/actor'
import { grantContainer } from '../container/container-calls.js'
import { noIntervals, type Container } from '../container/container.js'
import { reportEnd } from '../locus/locus-end.js'
import { noWatch, type Locus } from '../locus/locus.js'
import { startLocus } from '../locus/start.js'
import type { Machine } from '../machine.js'
import type { Capture } from '../state-interval/capture-table.js'
import { raiseCaptureNumber } from '../state-interval/cut.js'
import type { SavedContainer, SavedLocus } from '../state-interval/records.js'
import { answerMs } from './choose.js'
import { problemOf, type Problem } from './problem.js'

/** Puts the capture's containers back and rolls their managers back; what went wrong, or nil. */
export function* restoreContainers(machine: Machine, capture: Capture): Script<Problem | null> {
  machine.containers.raiseGenerations(capture.record.generations)
  const restored = capture.record.containers.map((saved) => ({
    saved,
    container: place(machine, saved),
  }))
  const asks = restored.flatMap(({ saved, container }) =>
    container.manager === null || machine.containers.hasFailed(container)
      ? []
      : [rollBack(machine, saved, container)],
  )
  const problems = yield* all(machine.messenger, asks)
  return problems.find((each) => each !== null) ?? null
}

function place(machine: Machine, saved: SavedContainer): Container {
  const container: Container = {
    slot: asContainer(saved.slot),
    generation: saved.generation,
    name: saved.name,
    size: saved.size,
    program: saved.program,
    manager: saved.manager === null ? null : asPort(saved.manager),
    token: asToken(saved.token),
    serviceLevel: saved.serviceLevel as ServiceLevel,
    selfManaged: false,
    intervals: {
      ...noIntervals(),
      label: asInterval(saved.label),
      recoverable: asInterval(saved.label),
      owed: new Map(),
    },
    mappings: saved.mappings,
  }
  invariant(
    saved.label < machine.firstInterval,
    'SI14: an interval that was lost is never used again',
    {
      label: saved.label,
      open: machine.firstInterval,
    },
  )
  machine.containers.place(container, {
    interval: machine.firstInterval,
    epoch: saved.epoch,
    incarnation: saved.incarnation + 1,
  })
  if (machine.managers.isGivenUp(container.manager)) machine.containers.fail(container)
  raiseCaptureNumber(machine, container.slot)
  const table = capabilityTables.ofContainer(machine.region.plan.shape, container.slot)
  machine.capabilities.restore(table, saved.capabilities)
  return container
}

function* rollBack(
  machine: Machine,
  saved: SavedContainer,
  container: Container,
): Script<Problem | null> {
  const port = container.manager!
  const capability = grantContainer(machine, port, container, masterRights)
  invariant(capability !== null, 'CP1: a manager’s table has room for what it manages', { port })
  const { token: cont, slot, size } = container
  const args = {
    cont,
    stateInterval: asInterval(saved.label),
    open: asInterval(machine.firstInterval),
    capability,
    slot,
    size,
  }
  const reply = yield* ask(machine.messenger, port, managerUpcalls.contRollback, args, answerMs)
  return reply.status === 'ok'
    ? null
    : problemOf(
        port,
        `the manager of “${saved.name}” did not go back to ${saved.label}: ${reply.status}, ${reply.detail}`,
      )
}

/** Puts the capture's loci back; `before` is what was known of them, so that what must not run again does not. */
export function restoreLoci(
  machine: Machine,
  capture: Capture,
  before: ReadonlyMap<number, Locus>,
): Locus[] {
  machine.loci.raiseNext(capture.record.nextLocus)
  invariant(machine.loci.all().length === 0, 'SI12: loci are restored when none is left', {})
  const wanted = capture.record.loci.filter(({ id }) => !machine.destroyedLoci.has(id))
  return wanted.map((saved) => {
    const earlier = before.get(saved.id)
    const locus: Locus = {
      id: saved.id,
      name: saved.name,
      container: asContainer(saved.container),
      program: saved.program,
      block: saved.block,
      rights: saved.rights,
      slot: null,
      generation: asGeneration(0),
      end: saved.end,
      endedInCapture: saved.end === null ? 0 : capture.id,
      told: saved.end !== null,
      resumed: true,
      suspended: saved.suspended,
      stands: false,
      fate: saved.end === null ? (earlier?.fate ?? fateOf(machine, saved)) : null,
      heldBack: null,
      losses: [...(earlier?.losses ?? [])],
      watch: noWatch(),
    }
    machine.loci.add(locus)
    return locus
  })
}

/** A locus whose container has stopped with its manager does not run in this session; the next goes on with it. */
function fateOf(machine: Machine, saved: SavedLocus): Locus['fate'] {
  const container = machine.containers.at(saved.container)
  if (container === null || !machine.containers.hasFailed(container)) return null
  return { status: 'manager_failed', detail: machine.managers.at(container.manager!)?.why ?? '' }
}

/** Starts again what had not ended, from its saved registers; what lost its right to run ends with its reason. */
export function resumeLoci(machine: Machine, saved: readonly SavedLocus[]): void {
  for (const each of saved) {
    const locus = machine.loci.withId(each.id)
    if (locus === null || locus.end !== null) continue
    if (locus.fate !== null) {
      locus.end = { ...locus.fate, block: new Uint8Array(0) }
      locus.heldBack = each
      reportEnd(machine, locus)
      continue
    }
    const { registers, capabilities } = each
    const slot = each.slot === null ? null : asLocus(each.slot)
    if (startLocus(machine, locus, { slot, registers, capabilities })) continue
    invariant(
      saved.length > machine.region.plan.shape.maxLoci,
      'LO60: a locus finds a slot unless there are more loci than slots',
      { id: locus.id },
    )
    machine.fail(
      'no_resource',
      `the world has more than ${machine.region.plan.shape.maxLoci} live loci; open it with room for more`,
    )
  }
}
