/**
 * The end of a container. Its capabilities die at once; its manager is told only when the end is recoverable, because
 * until then a crash brings the container back and its pages must be there. Only then is its slot free.
 */
import { capabilityTables, managerUpcalls, type LocusSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { reclaim } from '@katydid/memory'
import type { Machine } from '../machine.js'
import { releaseOverlays } from '../transaction/release.js'
import type { Container } from './container.js'
import { isNoted, tellMappingChange } from './mapping-change.js'
import { dropSlices } from './slices.js'

/**
 * Whether a locus is in the container or will come back into it, or its manager lives in it. One that reaches it by a mapping is not
 * in it.
 */
function isInUse(machine: Machine, container: Container): boolean {
  const { region } = machine
  const isInside = (slot: LocusSlot): boolean => {
    const attached = region.words.load(
      region.containerWord(container.slot, 'attached') + (slot >> 5),
    )
    const inside = region.words.load(region.locusWord(slot, 'container')) === container.slot
    return inside && (attached & (1 << (slot & 31))) !== 0
  }
  return (
    container.selfManaged ||
    machine.overlays.isOpenOn(container) ||
    region.words.load(region.containerWord(container.slot, 'frames')) !== 0 ||
    machine.loci.live().some((each) => each.container === container.slot) ||
    machine.loci.threads().some((each) => each.slot !== null && isInside(each.slot))
  )
}

/**
 * Destroys a container: refused to everybody from now on, buried when a capture without it is recoverable. False, with nothing
 * changed, when it is in use.
 */
export function retire(machine: Machine, container: Container): boolean {
  invariant(!container.selfManaged, 'CO4: a container its manager lives in is not destroyed', {
    slot: container.slot,
  })
  if (isInUse(machine, container)) return false
  machine.containers.halt(container)
  // Halted first, then a look once more: a locus that invokes counts itself first and then looks at the state.
  if (isInUse(machine, container)) {
    machine.containers.goOn(container)
    return false
  }
  machine.groups.dropEntity('container', container.slot, container.generation)
  releaseOverlays(machine, (each) => each.below === container)
  // Loci that reach it by mappings are refused as soon as they look, and have looked before its pages are anybody else's.
  const raised = tellMappingChange(machine, container, [container])
  const { history } = container.intervals
  const interval = machine.containers.interval(container.slot)
  machine.graves.push({ container, history, interval, raised })
  return true
}

/** Tells managers of containers whose end is recoverable, and frees their slots. */
export function bury(machine: Machine): void {
  const due = machine.graves.filter((grave) => grave.history.over && isNoted(machine, grave.raised))
  machine.graves = machine.graves.filter((grave) => !due.includes(grave))
  for (const { container } of due) tellDestroyed(machine, container)
}

/** Tells the manager, and removes the container when it has let go of its pages. */
export function tellDestroyed(machine: Machine, container: Container): void {
  invariant(!container.selfManaged, 'CO4: a container its manager lives in is not destroyed', {
    slot: container.slot,
  })
  const remove = (): void => {
    if (machine.containers.at(container.slot) !== container) return
    reclaim.pageTable(machine.region, container.slot)
    dropSlices(machine, container)
    forgetCapabilities(machine, container)
    machine.containers.remove(container)
  }
  // Nobody is there to be told of one that was given up; when it is started again it hears which containers there are.
  if (container.manager === null || machine.managers.isGivenUp(container.manager)) {
    remove()
    return
  }
  const args = { cont: container.token }
  machine.messenger.call(container.manager, managerUpcalls.containerDestroyed, args, remove)
}

/** Its manager's table must not fill up with what it managed once. */
function forgetCapabilities(machine: Machine, { manager, slot }: Container): void {
  if (manager === null) return
  const table = capabilityTables.ofActor(machine.region.plan.shape, manager)
  machine.capabilities.drop(table, 'container', slot)
}
