/**
 * A change of what is mapped, told to the threads it concerns: every window that could be bound otherwise now is shut until
 * the kernel has confirmed it.
 *
 * First the `mappings` words of all containers that lead here, then the generations of all that could have supplied the
 * pages: a locus that has taken note of the generation sees the word. When every locus has, no access goes the old way.
 */
import type { ContainerSlot } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { acknowledged, raiseGeneration } from '@katydid/memory'
import type { Machine } from '../machine.js'
import type { Container } from './container.js'
import { dependentsOf, reachableFrom } from './supplier.js'

/** How long loci may take to note a change. A locus that is silent for longer is the supervisor's to end. */
const noteMs = 5_000

/** Generations that must be acknowledged before the change holds everywhere. */
export type Raised = ReadonlyMap<ContainerSlot, number>

/** Shuts all windows in `container`, and in those it is mapped into, whose pages come from `suppliers`. */
export function tellMappingChange(
  machine: Machine,
  container: Container,
  suppliers: Iterable<Container>,
): Raised {
  const { region } = machine
  for (const each of dependentsOf(machine, container))
    region.words.add(region.containerWord(each.slot, 'mappings'), 1)
  const raised = new Map<ContainerSlot, number>()
  for (const { slot } of suppliers) raised.set(slot, raiseGeneration(region, slot))
  invariant(raised.size > 0, 'CO11: somebody supplied the pages whose mapping changes', {
    slot: container.slot,
  })
  return raised
}

/** Shuts the windows on what was mapped by a right that was taken back just now. */
export function tellRevoked(machine: Machine, groups: ReadonlySet<number>): void {
  invariant(
    [...groups].every((each) => !machine.groups.isAlive(each)),
    'CO10: a right is taken back before windows are told',
    { groups: groups.size },
  )
  for (const container of machine.containers.live())
    for (const { source, generation, group } of container.mappings) {
      const was = machine.containers.at(source)
      if (!groups.has(group) || was === null || was.generation !== generation) continue
      tellMappingChange(machine, container, reachableFrom(machine, was))
    }
}

/** Whether every locus has taken note. */
export function isNoted(machine: Machine, raised: Raised): boolean {
  for (const [slot, generation] of raised)
    if (!acknowledged(machine.region, slot, generation)) return false
  return true
}

/** Waits for that; false when a locus took too long. */
export function untilNoted(machine: Machine, raised: Raised): Script<boolean> {
  return machine.waits.until(() => isNoted(machine, raised), noteMs)
}
