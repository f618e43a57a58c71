/**
 * Quiescent-state acknowledgement (M1, M2): when may nobody still use what was taken out of a page table?
 *
 * Taking out: `Atomics.store` every victim's entry, then `g = Atomics.add(gen, 1) + 1`. A locus that finds `gen` changed
 * stores it to its `seen` word before it loads another entry. So once every attached running locus shows `seen ≥ g`, no
 * locus uses an old translation. A locus that is not running uses none, and reads `gen` before it uses entries again.
 */
import {
  actorPorts,
  asPort,
  bellBits,
  locusStates,
  maxActors,
  type ContainerSlot,
  type LocusSlot,
} from '@katydid/abi'
import { invariant, ring, type Region } from '@katydid/actor'

/** Raises the container's generation after entries were stored, and answers the generation to be acknowledged. */
export function raiseGeneration(region: Region, container: ContainerSlot): number {
  requireContainer(region, container)
  const generation = (region.words.add(region.containerWord(container, 'gen'), 1) + 1) | 0
  nudge(region, container)
  return generation
}

/**
 * A locus that uses several containers (by mappings) may be busy in another one than this, and looks only at that one's
 * generation. So those are raised as well: it notices any, and acknowledges all.
 */
function nudge(region: Region, container: ContainerSlot): void {
  const { words, plan } = region
  for (let word = 0; word < 4; word++) {
    let bits = words.load(region.containerWord(container, 'attached') + word)
    for (; bits !== 0; bits &= bits - 1) {
      const locus = (word * 32 + (31 - Math.clz32(bits & -bits))) as LocusSlot
      if (words.load(region.locusWord(locus, 'uses')) < 2) continue
      for (let slot = 0; slot < plan.shape.maxContainers; slot++) {
        const other = slot as ContainerSlot
        const attached = words.load(region.containerWord(other, 'attached') + word)
        if (slot !== container && (attached & (1 << (locus & 31))) !== 0)
          words.add(region.containerWord(other, 'gen'), 1)
      }
    }
  }
}

/**
 * Whether every attached locus has acknowledged `generation`. The state is loaded before `seen`: a locus that
 * comes back stores running first and only then reads `gen`, so what is seen as not running cannot hold an old entry.
 */
export function acknowledged(
  region: Region,
  container: ContainerSlot,
  generation: number,
): boolean {
  const { words } = region
  const ahead = (generation - words.load(region.containerWord(container, 'gen'))) | 0
  invariant(ahead <= 0, 'ME1: only a generation that was raised is waited for', {
    container,
    generation,
    ahead,
  })
  const attached = region.containerWord(container, 'attached')
  const seen = region.containerWord(container, 'seen')
  for (let word = 0; word < 4; word++) {
    let bits = words.load(attached + word)
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits & -bits)
      bits &= bits - 1
      const slot = (word * 32 + bit) as LocusSlot
      if (words.load(region.locusWord(slot, 'state')) !== locusStates.running) continue
      if (((words.load(seen + slot) - generation) | 0) < 0) return false
    }
  }
  return true
}

/** The loci, by slot, that have not yet acknowledged `generation`: for the supervisor's report on stalled loci. */
export function laggards(
  region: Region,
  container: ContainerSlot,
  generation: number,
): LocusSlot[] {
  const { words } = region
  const late: LocusSlot[] = []
  for (let slot = 0; slot < region.plan.shape.maxLoci; slot++) {
    const bits = words.load(region.containerWord(container, 'attached') + (slot >> 5))
    if ((bits & (1 << (slot & 31))) === 0) continue
    const running = words.load(region.locusWord(slot as LocusSlot, 'state')) === locusStates.running
    if (
      running &&
      ((words.load(region.containerWord(container, 'seen') + slot) - generation) | 0) < 0
    )
      late.push(slot as LocusSlot)
  }
  return late
}

/** A container of this machine: any other slot would be somebody else’s words. */
function requireContainer(region: Region, container: ContainerSlot): void {
  invariant(
    container >= 0 && container < region.plan.shape.maxContainers,
    'ME6: a container has a slot of its machine',
    { container },
  )
}

/** Asks that port `port`'s bell be rung whenever a locus of the container acknowledges; null: nobody's. */
export function ringWhenAcknowledged(
  region: Region,
  container: ContainerSlot,
  port: number | null,
): void {
  if (port !== null)
    invariant(
      port < maxActors && port !== actorPorts.disk,
      'ME1: an actor with a bell waits for acknowledgements',
      { port },
    )
  region.words.store(region.containerWord(container, 'ackBell'), port === null ? 0 : port + 1)
}

/** Rings whoever waits for acknowledgements. Called after `seen` or `state` was stored: the waiter sets the bell, then looks; we store, then look. */
export function ringWaiter(region: Region, container: ContainerSlot): void {
  const waiter = region.words.load(region.containerWord(container, 'ackBell'))
  invariant(
    waiter >= 0 && waiter <= maxActors,
    'ME1: an actor waits for acknowledgements, or nobody',
    { waiter },
  )
  if (waiter !== 0) ring(region.words, region.actorWord(asPort(waiter - 1), 'bell'), bellBits.mail)
}
