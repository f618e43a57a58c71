/**
 * The cut itself, while everything that lives in the containers stands still: each gets a new point, those written since their last
 * snapshot a name for the next one, a new interval and a new capture number; registers, blocks and tables are copied
 * out. Nothing here waits.
 */
import {
  asInterval,
  captureNumbers,
  containerGates,
  type ContainerSlot,
  type StateInterval,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { endPeriod, sweepCaptures } from '@katydid/memory'
import type { Container } from '../container/container.js'
import { rootOf } from '../logged/chain.js'
import { isLogged } from '../logged/level.js'
import { whyNot } from '../logged/why-not.js'
import type { Machine } from '../machine.js'
import type { Capture } from './capture-table.js'
import { takeGrants } from './grants.js'
import type { UnitPoint } from './history.js'
import { mergeInto, openPoint } from './points.js'

/** Write access older than this many captures is swept away; the sweep of a table takes as many captures as it has parts. */
const keepCaptures = 256
const sweepParts = 64

/** A container whose manager must take a snapshot, and its name. */
export interface Wanted {
  readonly container: Container
  readonly label: StateInterval
}

export interface Cut {
  /** Whose pages must be snapshotted. */
  readonly wanted: readonly Wanted[]
  /** Whose write access must be given anew. */
  readonly anew: readonly Container[]
}

/** Makes a point of each container for the record `capture`. */
export function cutContainers(
  machine: Machine,
  containers: readonly Container[],
  capture: Capture,
): Cut {
  const wanted: Wanted[] = []
  const anew: Container[] = []
  for (const container of containers) {
    const { slot, intervals } = container
    invariant(isCutting(machine, slot), 'SI2: nothing is cut but behind a shut gate', { slot })
    const { newest } = intervals.history
    if (newest !== null && newest.logged !== null && machine.containers.hasFailed(container)) {
      standStill(machine, container, newest, capture.epoch)
      continue
    }
    const isSame =
      newest !== null && isLogged(machine, container) && whyNot(machine, container, newest) === null
    const equals = isSame ? newest : null
    const interval = machine.containers.interval(slot)
    const label = asInterval(interval)
    const written = wasWritten(machine, container)
    if (written && !intervals.volatile) {
      openPoint(intervals, label)
      wanted.push({ container, label })
    }
    if (written && (!intervals.volatile || hasStamps(machine, slot))) {
      // Before the interval is opened: a page of the period that ends stands for none that comes after.
      endPeriod(machine.region, slot, interval)
      anew.push(container)
    }
    machine.containers.setInterval(slot, interval + 1)
    intervals.history.add({
      interval,
      image: intervals.volatile ? 0 : intervals.label,
      dependencies: allReceived(machine, container),
      capture,
      epoch: capture.epoch,
      fed: false,
      logged: null,
      equals,
    })
    machine.region.words.store(machine.region.containerWord(slot, 'ran'), 0)
    machine.containers.enterEpoch(slot, capture.epoch)
  }
  return { wanted, anew }
}

/**
 * Of a container whose manager was given up there is no image but the one that its visits are run on: a point that said it is as that
 * image has it would lose them. So it is one more of the kind, with no visit in it, that ends what others have received of it.
 */
function standStill(
  machine: Machine,
  container: Container,
  newest: UnitPoint,
  epoch: number,
): void {
  const { slot, intervals } = container
  const { image, capture } = newest
  invariant(capture.durable, 'SI142: what has stopped stands on the line', { slot })
  intervals.mustCapture = false
  intervals.history.add({
    interval: machine.containers.interval(slot),
    image,
    dependencies: takeDependencies(machine, container),
    capture,
    epoch,
    fed: false,
    logged: { input: null, before: newest, root: rootOf(newest), durable: false },
    equals: null,
  })
  machine.inputs.note(machine.clock.nowMs(), 0)
  machine.containers.openNext(slot)
  machine.region.words.store(machine.region.containerWord(slot, 'ran'), 0)
  machine.containers.enterEpoch(slot, epoch)
}

/**
 * When the managers have taken their snapshots: access that was given until now is void, also what a manager gave to a fault that
 * came through a mapping before it knew of the snapshot.
 */
export function takeWriteAccess(
  machine: Machine,
  containers: readonly Container[],
  epoch: number,
): void {
  for (const { slot } of containers) {
    invariant(isCutting(machine, slot), 'SI94: access is taken behind the gate', { slot })
    raiseCaptureNumber(machine, slot)
    sweepCaptures(machine.region, slot, keepCaptures, epoch % sweepParts, sweepParts)
  }
}

/** Whether it is reached by mappings. */
const hasStamps = (machine: Machine, slot: ContainerSlot): boolean =>
  machine.region.words.load(machine.region.containerWord(slot, 'stamps')) !== 0

const isCutting = (machine: Machine, slot: ContainerSlot): boolean =>
  machine.region.words.load(machine.region.containerWord(slot, 'gate')) === containerGates.cutting

/** Whether its pages differ from its last snapshot; clears the sign. */
function wasWritten(machine: Machine, container: Container): boolean {
  if (container.manager === null) return false
  const word = machine.region.containerWord(container.slot, 'written')
  const written = machine.region.words.exchange(word, 0) !== 0 || container.intervals.mustCapture
  container.intervals.mustCapture = false
  return written
}

/** From now on the write access that entries show is of an earlier capture, and each first write traps (M3). */
export function raiseCaptureNumber(machine: Machine, slot: Container['slot']): void {
  const word = machine.region.containerWord(slot, 'capture')
  const next = (machine.region.words.load(word) + 1) % captureNumbers
  machine.region.words.store(word, next)
}

/**
 * What a point that is no visit's has received: also what visits before it had whose record is not on the disk. Its own record may be
 * there before theirs, or without it; a crash then finds this point alone, and all that they had brought is in it.
 */
export function allReceived(machine: Machine, container: Container): Map<number, number> {
  const received = takeDependencies(machine, container)
  for (const { logged, dependencies } of container.intervals.history.newer)
    if (logged?.durable === false) mergeInto(received, dependencies)
  return received
}

/** What the container received since its last point; its row begins anew. */
export function takeDependencies(machine: Machine, container: Container): Map<number, number> {
  const { slot, intervals } = container
  const { history } = intervals
  const received = history.owed
  history.owed = new Map()
  for (let sender = 0; sender < machine.region.plan.shape.maxContainers; sender++) {
    const index = machine.region.dependencyIndex(slot, sender as ContainerSlot)
    const interval = Number(Atomics.exchange(machine.region.i64, index, 0n))
    if (interval !== 0) mergeInto(received, new Map([[sender, interval]]))
  }
  mergeInto(received, takeGrants(machine, container))
  received.delete(slot)
  return received
}
