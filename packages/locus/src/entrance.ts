/**
 * Going into a container from another: counted first, then a look at its gate. The kernel says that it cuts first and then
 * looks at the count. So either sees the other, and nobody comes in while a container is captured.
 *
 * Within one epoch an invocation goes in also where a capture is wanted: the capture waits for it. One of a higher epoch waits for
 * the capture, so that what it brings is not in it. Older invocations never wait for younger ones, so waits do not run in a circle.
 */
import { actorPorts, bellBits, containerGates, type ContainerSlot } from '@katydid/abi'
import { ringPort, type Region } from '@katydid/actor'
import type { LocusThread } from './locus-thread.js'

/** After this long an invocation goes in although the capture it waits for was not taken. */
const mostWaitMs = 2_500

/** Counts an invocation into `to`, once it may go in. Waits quiet for at most 2.5 s. */
export function comeIn(thread: LocusThread, from: ContainerSlot, to: ContainerSlot): void {
  const { region, slot } = thread
  const awaits = region.locusWord(slot, 'awaits')
  for (let patient = true; ;) {
    region.words.add(region.containerWord(to, 'frames'), 1)
    if (!mustWait(region, from, to, patient)) return
    goOut(region, to)
    region.words.store(awaits, to + 1)
    const free = (): boolean => !mustWait(region, from, to, patient)
    patient = thread.presence.quietUntil(free, mostWaitMs) && patient
    region.words.store(awaits, 0)
  }
}

/** Counts an invocation out; a kernel that waits for that is rung. */
export function goOut(region: Region, container: ContainerSlot): void {
  region.words.add(region.containerWord(container, 'frames'), -1)
  if (region.words.load(region.containerWord(container, 'gate')) !== containerGates.open)
    ringPort(region, actorPorts.kernel, bellBits.mail)
}

/** Whether what comes from `from` has to stay out of `to` for now. A cut is short and always waited for. */
function mustWait(
  region: Region,
  from: ContainerSlot,
  to: ContainerSlot,
  patient: boolean,
): boolean {
  const gate = region.words.load(region.containerWord(to, 'gate'))
  if (gate === containerGates.open) return false
  if (gate === containerGates.cutting) return true
  return patient && epochOf(region, from) > epochOf(region, to)
}

/** The epoch up to which messages may be delivered to it. */
function epochOf(region: Region, container: ContainerSlot): number {
  const { words } = region
  return Math.max(
    words.load(region.containerWord(container, 'epoch')),
    words.load(region.containerWord(container, 'mixed')),
  )
}
