/**
 * The cut itself, while all loci stand still: every container written since its last snapshot gets a new name for it, a
 * new interval and a new capture number; registers, blocks and tables are copied out. Nothing here waits.
 */
import { asInterval, capabilityTables, captureNumbers, type StateInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { sweepCaptures } from '@katydid/memory'
import type { Container } from '../container/container.js'
import { registersOf } from '../locus/start.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import { waitOf } from '../semaphore/semaphore-calls.js'
import { mergeInto, openPoint } from './points.js'
import type { CaptureRecord, SavedContainer, SavedLocus } from './records.js'

/** Write access older than this many captures is swept away; the sweep of a table takes as many captures as it has parts. */
const keepCaptures = 256
const sweepParts = 64

export interface Cut {
  readonly record: CaptureRecord
  /** Containers whose managers must take a snapshot, and its name. */
  readonly snapshots: readonly { readonly container: Container; readonly label: StateInterval }[]
}

export function cutWorld(machine: Machine, capture: number): Cut {
  const gate = machine.region.words.load(machine.region.machineWord('gate'))
  invariant(gate !== 0, 'SI2: nothing is cut but behind a shut gate', { capture })
  const users = machine.containers.live().filter((each) => !each.selfManaged)
  const snapshots: { container: Container; label: StateInterval }[] = []
  for (const container of users) {
    const received = takeReceipts(machine, container)
    mergeInto(container.intervals.owed, received)
    machine.region.words.store(machine.region.containerWord(container.slot, 'epoch'), capture)
    if (wasWritten(machine, container) && !container.intervals.volatile)
      snapshots.push({ container, label: cutContainer(machine, container, capture) })
  }
  const record: CaptureRecord = {
    kind: 'capture',
    world: machine.config.worldId,
    session: machine.session,
    capture,
    nextLocus: machine.loci.next,
    generations: [...machine.containers.generations],
    containers: users.map((each) => saveContainer(machine, each)),
    loci: machine.loci.all().map((each) => saveLocus(machine, each)),
    groups: machine.groups.all(),
    nextGroup: machine.groups.next,
    semaphores: machine.semaphores.save((id) => {
      const locus = machine.loci.withId(id)
      return locus === null ? 0 : waitOf(machine, locus)
    }),
    nextSemaphore: machine.semaphores.next,
  }
  return { record, snapshots }
}

/** Whether the container differs from its last snapshot; clears the sign. */
function wasWritten(machine: Machine, container: Container): boolean {
  if (container.manager === null) return false
  const word = machine.region.containerWord(container.slot, 'written')
  const written = machine.region.words.exchange(word, 0) !== 0 || container.intervals.mustCapture
  container.intervals.mustCapture = false
  return written
}

function cutContainer(machine: Machine, container: Container, capture: number): StateInterval {
  const { slot, intervals } = container
  const label = asInterval(machine.containers.interval(slot))
  machine.containers.setInterval(slot, label + 1)
  openPoint(intervals, label, intervals.owed)
  intervals.owed = new Map()
  raiseCaptureNumber(machine, slot)
  sweepCaptures(machine.region, slot, keepCaptures, capture % sweepParts, sweepParts)
  return label
}

/** From now on the write access that entries show is of an earlier capture, and each first write traps (M3). */
export function raiseCaptureNumber(machine: Machine, slot: Container['slot']): void {
  const word = machine.region.containerWord(slot, 'capture')
  const next = (machine.region.words.load(word) + 1) % captureNumbers
  machine.region.words.store(word, next)
}

/** What the container received since the last cut; the row begins anew. */
function takeReceipts(machine: Machine, container: Container): Map<number, number> {
  const received = new Map<number, number>()
  for (let sender = 0; sender < machine.region.plan.shape.maxContainers; sender++) {
    const index = machine.region.dependencyIndex(container.slot, sender as Container['slot'])
    const interval = Number(Atomics.exchange(machine.region.i64, index, 0n))
    if (interval !== 0) received.set(sender, interval)
  }
  return received
}

function saveContainer(machine: Machine, container: Container): SavedContainer {
  const { slot, generation, name, size, program, manager, token, serviceLevel, intervals } =
    container
  const word = (field: 'epoch' | 'incarnation'): number =>
    machine.region.words.load(machine.region.containerWord(slot, field))
  const dependencies = new Map(intervals.owed)
  mergeInto(dependencies, intervals.points.get(intervals.label)?.dependencies ?? new Map())
  return {
    slot,
    generation,
    name,
    size,
    program,
    manager,
    token,
    serviceLevel,
    label: intervals.label,
    epoch: word('epoch'),
    incarnation: word('incarnation'),
    dependencies: [...dependencies],
    capabilities: machine.capabilities.list(
      capabilityTables.ofContainer(machine.region.plan.shape, slot),
    ),
    mappings: container.mappings,
  }
}

/** The locus as a capture keeps it. */
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
    capabilities: alive ? machine.capabilities.list(table) : [],
    end,
    suspended,
  }
}
