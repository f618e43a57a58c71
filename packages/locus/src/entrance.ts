/**
 * Going into a container from another: counted first, then a look at its gate. The kernel says that it cuts first and then
 * looks at the count. So either sees the other, and nobody comes in while a container is captured.
 *
 * A tree is a nested invocation from its root until it is back there. Within one epoch it goes in also where a capture is wanted: the
 * capture waits for it. Where it is of a higher epoch than the container it waits for the capture, so that what it brings is not in it,
 * unless it is mixed: then its containers are of different epochs, and it waits for nobody. So waits go from
 * younger to older trees only and do not run in a circle.
 */
import {
  actorPorts,
  bellBits,
  containerGates,
  type ContainerSlot,
  type LocusSlot,
} from '@katydid/abi'
import { ringPort, type Region } from '@katydid/actor'
import { messageEpoch } from '@katydid/memory'
import type { LocusThread } from './locus-thread.js'

/** After this long an invocation goes in although the capture it waits for was not taken. */
export const mostWaitMs = 2_500

/** What all invocations below one root share. */
export interface Tree {
  /** Epoch of the root’s container when the tree began. */
  readonly epoch: number
  mixed: boolean
}

/** A tree that begins in this container. */
export const newTree = (region: Region, root: ContainerSlot): Tree => ({
  epoch: messageEpoch(region, root),
  mixed: false,
})

/** Counts an invocation from `from` into `to`, once it may go in. Waits quiet for at most 2.5 s. */
export function comeIn(
  thread: LocusThread,
  tree: Tree,
  from: ContainerSlot,
  to: ContainerSlot,
): void {
  const { region, slot } = thread
  setOut(region, slot, tree, { from, to })
  const free = (): boolean => !mustWait(region, tree, to)
  while (!knock(region, tree, to))
    if (!thread.presence.quietUntil(free, mostWaitMs)) tree.mixed = true
}

/** Says where the locus is going, before it knocks there for the first time. */
export function setOut(
  region: Region,
  locus: LocusSlot,
  tree: Tree,
  { from, to }: { readonly from: ContainerSlot; readonly to: ContainerSlot },
): void {
  // Somebody else was let in where this tree stands.
  if (messageEpoch(region, from) !== tree.epoch) tree.mixed = true
  // Said first, so that who closes the container knows of everybody who is on the way.
  region.words.store(region.locusWord(locus, 'awaits'), to + 1)
}

/** Counts an invocation in; false: it has to wait, is not counted, and knocks again when `mustWait` no longer says so. */
export function knock(region: Region, tree: Tree, to: ContainerSlot): boolean {
  region.words.add(region.containerWord(to, 'frames'), 1)
  if (mustWait(region, tree, to)) {
    goOut(region, to)
    return false
  }
  if (messageEpoch(region, to) !== tree.epoch) tree.mixed = true
  return true
}

/** It is in, or has turned away. */
export function arrived({ region, slot }: { region: Region; slot: LocusSlot }): void {
  region.words.store(region.locusWord(slot, 'awaits'), 0)
}

/** Counts an invocation out; a kernel that waits for that is rung. */
export function goOut(region: Region, container: ContainerSlot): void {
  region.words.add(region.containerWord(container, 'frames'), -1)
  if (region.words.load(region.containerWord(container, 'gate')) !== containerGates.open)
    ringPort(region, actorPorts.kernel, bellBits.mail)
}

/** Whether a tree has to stay out of the container for now. A cut is short and always waited for. */
export function mustWait(region: Region, tree: Tree, to: ContainerSlot): boolean {
  const gate = region.words.load(region.containerWord(to, 'gate'))
  if (gate === containerGates.open) return false
  if (gate === containerGates.cutting) return true
  return !tree.mixed && tree.epoch > messageEpoch(region, to)
}
