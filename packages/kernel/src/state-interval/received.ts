/** What a unit has received since its newest point, as it stands in the machine at this moment. */
import { asContainer, type ContainerSlot } from '@katydid/abi'
import { reachableFrom } from '../container/supplier.js'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { History } from './history.js'
import { mergeInto } from './points.js'

/** What loci say of what they have read through mappings they say when they come to rest: so there is a least and a most. */
export interface Received {
  readonly least: Map<number, number>
  readonly most: Map<number, number>
}

/** What was received since the newest point, by sender. */
export function receivedSince(machine: Machine, unit: number, history: History): Received {
  invariant(!history.over, 'SI100: only what is there receives', { unit })
  const least = new Map(history.owed)
  for (const locus of machine.loci.all())
    if (locus.container === unit)
      for (const grant of locus.grants) mergeInto(least, new Map([[grant.unit, grant.interval]]))
  if (unit >= machine.region.plan.shape.maxContainers) return { least, most: least }
  const most = new Map(least)
  const { noted, possible } = rowOf(machine, unit)
  mergeInto(least, noted)
  mergeInto(most, possible)
  return { least, most }
}

/** What loci have brought into a container since its newest point, and what they may have. */
function rowOf(machine: Machine, unit: number) {
  const noted = new Map<number, number>()
  const possible = new Map<number, number>()
  const { maxContainers } = machine.region.plan.shape
  const reached = reachedFrom(machine, asContainer(unit))
  for (let sender = 0; sender < maxContainers; sender++) {
    const index = machine.region.dependencyIndex(asContainer(unit), asContainer(sender))
    const known = Number(Atomics.load(machine.region.i64, index))
    if (known !== 0) noted.set(sender, known)
    const open = reached.has(sender) ? machine.containers.interval(asContainer(sender)) : 0
    if (Math.max(known, open) !== 0) possible.set(sender, Math.max(known, open))
  }
  return { noted, possible }
}

/**
 * Containers that loci of this one reach by a mapping, now or a moment ago: what they have read of them they say when they come to rest, so at
 * any other moment it may be everything.
 */
function reachedFrom(machine: Machine, host: ContainerSlot): Set<number> {
  const { region } = machine
  const of = machine.containers.at(host)
  if (of === null) return new Set()
  const reached = new Set([...reachableFrom(machine, of)].map(({ slot }) => Number(slot)))
  for (const { slot } of machine.loci.threads()) {
    if (slot === null || region.words.load(region.locusWord(slot, 'container')) !== Number(host))
      continue
    for (const to of machine.containers.all()) {
      const attached = region.words.load(region.containerWord(to.slot, 'attached') + (slot >> 5))
      if ((attached & (1 << (slot & 31))) !== 0) reached.add(to.slot)
    }
  }
  reached.delete(host)
  return reached
}
