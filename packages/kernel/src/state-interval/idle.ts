/**
 * Whether nothing has happened to a unit since its newest point: then that point holds for the next epoch too, and nothing is
 * captured. What a container is apart from its pages is compared with what its point has of it.
 */
import type { ContainerSlot } from '@katydid/abi'
import { invariant, packValue } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { hasGrants } from './grants.js'
import type { UnitPoint } from './history.js'
import { stateOf } from './saved.js'
import { unitsOf } from './units.js'

/** What points have of containers apart from their pages, packed. */
const states = new WeakMap<UnitPoint, Uint8Array>()

/** Notes what the container is, at its cut. */
export function noteState(machine: Machine, container: Container, point: UnitPoint): void {
  states.set(point, packValue(stateOf(machine, container)))
}

/** Whether the container's newest point says what it is. One in which something runs is not idle, whatever it does. */
export function isIdle(machine: Machine, container: Container): boolean {
  const { slot, intervals } = container
  const { newest, owed } = intervals.history
  const word = (field: 'ran' | 'written' | 'frames'): number =>
    machine.region.words.load(machine.region.containerWord(slot, field))
  invariant(!intervals.history.over, 'SI25: what has ended is not asked for', { slot })
  if (newest === null) return false
  // A logged container is captured again soon, so that what came into it need not be kept for long; one that has stopped cannot be.
  if (newest.logged !== null && !machine.containers.hasFailed(container)) return false
  if (word('ran') !== 0 || word('frames') !== 0) return false
  if (word('written') !== 0 || intervals.mustCapture || owed.size > 0) return false
  if (!intervals.volatile && newest.image !== intervals.label) return false
  if (hasReceived(machine, slot) || hasGrants(machine, slot)) return false
  if (isAwaited(machine, slot, newest.interval)) return false
  return isAsNoted(machine, container, newest)
}

/** Whether the container is, apart from its pages, what it was when that was noted. */
export function isAsNoted(machine: Machine, container: Container, point: UnitPoint): boolean {
  const state = states.get(point)
  return state !== undefined && Buffer.compare(state, packValue(stateOf(machine, container))) === 0
}

/**
 * Whether somebody has received what no point of the container ends yet, as who reads a region mapped from it has of its open interval though nothing happens
 * in it. Without one more point whoever has received that would never be on the line.
 */
export function isAwaited(machine: Machine, slot: ContainerSlot, newest: number): boolean {
  const { region } = machine
  for (let receiver = 0; receiver < region.plan.shape.maxContainers; receiver++) {
    const index = region.dependencyIndex(receiver as ContainerSlot, slot)
    if (Atomics.load(region.i64, index) > BigInt(newest)) return true
  }
  const needs = (dependencies: ReadonlyMap<number, number>): boolean =>
    (dependencies.get(slot) ?? 0) > newest
  return unitsOf(machine).some(
    ({ history: { owed, newer } }) =>
      needs(owed) || newer.some(({ dependencies }) => needs(dependencies)),
  )
}

/** Whether loci have brought something into it since its newest point. */
export function hasReceived(machine: Machine, slot: ContainerSlot): boolean {
  for (let sender = 0; sender < machine.region.plan.shape.maxContainers; sender++) {
    const index = machine.region.dependencyIndex(slot, sender as ContainerSlot)
    if (Atomics.load(machine.region.i64, index) !== 0n) return true
  }
  return false
}
