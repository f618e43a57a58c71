/** Capabilities for containers on their way to another machine: named as their home names them. */
import { masterRights, type farCapability, type ValueOf } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Capability } from '../capability/capability-tables.js'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import type { Across } from '../machines/across.js'

export type FarCapability = ValueOf<typeof farCapability>

/** The capability as other machines name it, with these rights; null: it is for no container. */
export function farOf(
  machine: Machine,
  { kind, slot, generation, group, far }: Capability,
  rights: number,
): FarCapability | null {
  if (kind !== 'container' || machine.across === null) return null
  if (far !== undefined) {
    const { machine: home, ...there } = far
    return { home, ...there, rights }
  }
  const container = machine.containers.at(slot)
  invariant(container !== null, 'CP2: a live container has its record', { slot })
  return { home: machine.across.self, slot, generation, size: container.size, group, rights }
}

/**
 * The interval of a container whose going back takes the capability with it: the one on the line, if the container is on it; else, or if a group is named, which may be
 * younger, the open one, of which there will be a point.
 */
export function intervalOf(
  machine: Machine,
  { slot, intervals }: Container,
  group: number,
): number {
  const { base } = intervals.history
  if (group === 0 && base !== null) return base.interval
  // Nothing else may happen in it.
  intervals.mustCapture = true
  machine.changed()
  return machine.containers.interval(slot)
}

/** All rights to a container of this machine, as other machines name them. */
export const masterOf = (
  { self }: Across,
  { slot, generation, size }: Container,
): FarCapability => ({ home: self, slot, generation, size, group: 0, rights: masterRights })
