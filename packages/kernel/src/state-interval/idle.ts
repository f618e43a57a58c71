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
  // A logged container is captured again soon, so that what came into it need not be kept for long.
  if (newest === null || newest.logged !== null) return false
  if (word('ran') !== 0 || word('frames') !== 0) return false
  if (word('written') !== 0 || intervals.mustCapture || owed.size > 0) return false
  if (!intervals.volatile && newest.image !== intervals.label) return false
  if (hasReceived(machine, slot) || hasGrants(machine, slot)) return false
  return isAsNoted(machine, container, newest)
}

/** Whether the container is, apart from its pages, what it was when that was noted. */
export function isAsNoted(machine: Machine, container: Container, point: UnitPoint): boolean {
  const state = states.get(point)
  return state !== undefined && Buffer.compare(state, packValue(stateOf(machine, container))) === 0
}

function hasReceived(machine: Machine, slot: ContainerSlot): boolean {
  for (let sender = 0; sender < machine.region.plan.shape.maxContainers; sender++) {
    const index = machine.region.dependencyIndex(slot, sender as ContainerSlot)
    if (Atomics.load(machine.region.i64, index) !== 0n) return true
  }
  return false
}
