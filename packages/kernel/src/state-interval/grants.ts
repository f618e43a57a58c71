/**
 * What loci took from semaphores, as the points of their containers see it. A locus that still stands in its wait when it is captured
 * has not received anything: it is kept as it was when it asked. From its next capture on it has.
 */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import { waitOf } from '../semaphore/wait-of.js'
import { mergeInto } from './points.js'

/** One count on its way to a locus. */
export interface Grant {
  /** The wait that it answers. */
  readonly wait: number
  /** The semaphore's unit, and its interval in which the count was taken off. */
  readonly unit: number
  readonly interval: number
}

/** What the loci rooted in the container have received of semaphores and no point holds yet. */
export function takeGrants(machine: Machine, container: Container): Map<number, number> {
  const received = new Map<number, number>()
  for (const locus of machine.loci.all()) {
    if (locus.container !== container.slot) continue
    const waiting = waitOf(machine, locus)
    const still = locus.grants.filter((each) => each.wait !== 0 && each.wait === waiting)
    invariant(still.length <= 1, 'LO76: a wait takes one count', { locus: locus.id })
    for (const { unit, interval } of locus.grants)
      if (!still.some((each) => each.unit === unit))
        mergeInto(received, new Map([[unit, interval]]))
    locus.grants = still
  }
  return received
}

/** Whether one of its loci has taken a count that no point of the container holds. */
export function hasGrants(machine: Machine, slot: number): boolean {
  return machine.loci.all().some((each: Locus) => each.container === slot && each.grants.length > 0)
}
