/**
 * The end of a container. Its capabilities die at once; its manager is told only when the end is recoverable, because
 * until then a crash brings the container back and its pages must be there. Only then is its slot free.
 */
import { managerUpcalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { reclaim } from '@katydid/memory'
import type { Machine } from '../machine.js'
import type { Container } from './container.js'
import { dropSlices } from './slices.js'

/** Whether a locus is in the container or uses its translations, or its manager lives in it. */
export function isInUse(machine: Machine, container: Container): boolean {
  const attached = machine.region.containerWord(container.slot, 'attached')
  for (let word = 0; word < 4; word++)
    if (machine.region.words.load(attached + word) !== 0) return true
  return (
    container.selfManaged || machine.loci.live().some((each) => each.container === container.slot)
  )
}

/** Destroys a container: refused to everybody from now on, buried when a capture without it is recoverable. */
export function retire(machine: Machine, container: Container): void {
  invariant(!isInUse(machine, container), 'CO4: a container in use is not destroyed', {
    slot: container.slot,
  })
  machine.containers.halt(container)
  machine.graves.push({ container, sinceCapture: machine.captures.next })
}

/** Tells managers of containers whose end is recoverable, and frees their slots. */
export function bury(machine: Machine): void {
  const due = machine.graves.filter((grave) => grave.sinceCapture <= machine.captures.line)
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
    machine.containers.remove(container)
  }
  if (container.manager === null) {
    remove()
    return
  }
  const args = { cont: container.token }
  machine.messenger.call(container.manager, managerUpcalls.containerDestroyed, args, remove)
}
