/**
 * What is left behind by a thread that died, and how it is taken back: a table, one row a kind. Called after the
 * thread's exit was seen, never before, with the port and generation that exited.
 */
import {
  actorStates,
  asContainer,
  asFrame,
  asPort,
  entryBits,
  locusOfPort,
  locusPort,
  locusStates,
  maxActors,
  trapStates,
  waitStates,
  type ContainerSlot,
  type LocusSlot,
  type PageSetId,
  type PortId,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { eachSlice } from './page-table.js'
import { frames, isFrame } from './frame.js'
import { ringWaiter } from './quiescence.js'
import { failTrap } from './trap.js'

/** What each row gives back; answers how many things it took back. */
export const reclaim = {
  /** Dead is stored last: whoever waits for an acknowledgement of this locus goes on from then. */
  locusState: (region: Region, locus: LocusSlot): number => {
    const word = region.locusWord(locus, 'state')
    const before = region.words.exchange(word, locusStates.dead)
    invariant(before !== locusStates.free, 'ME6: only a locus that was can be reclaimed', {
      locus,
      before,
    })
    return before === locusStates.dead ? 0 : 1
  },
  /** Its uses of containers: nobody waits for their acknowledgement any more. */
  attachments: (region: Region, locus: LocusSlot): number => {
    let taken = 0
    for (let slot = 0; slot < region.plan.shape.maxContainers; slot++) {
      const container = asContainer(slot)
      const word = region.containerWord(container, 'attached') + (locus >> 5)
      const bit = 1 << (locus & 31)
      if ((region.words.and(word, ~bit) & bit) === 0) continue
      taken++
      ringWaiter(region, container)
    }
    return taken
  },
  /** Its own trap: posted, taken or answered, nobody will read it. The bit may stay; taking it finds nothing posted. */
  ownTrap: (region: Region, locus: LocusSlot): number =>
    region.words.exchange(region.locusWord(locus, 'trapState'), trapStates.idle) === trapStates.idle
      ? 0
      : 1,
  wait: (region: Region, locus: LocusSlot): number =>
    region.words.exchange(region.locusWord(locus, 'waitState'), waitStates.idle) === waitStates.idle
      ? 0
      : 1,
  /** Counts of what it held: they are words of its own record. */
  holds: (region: Region, locus: LocusSlot): number => {
    invariant(
      locus >= 0 && locus < region.plan.shape.maxLoci,
      'ME6: a locus has a slot of its machine',
      { locus },
    )
    const held =
      region.words.exchange(region.locusWord(locus, 'pinned'), 0) +
      region.words.exchange(region.locusWord(locus, 'locks'), 0)
    region.words.store(region.locusWord(locus, 'bell'), 0)
    region.words.store(region.locusWord(locus, 'depth'), 0)
    return held
  },
  /** Raw views that loci of a container had, once none of its loci lives: the frames may go anywhere again. */
  shownFrames: (region: Region, container: ContainerSlot): number => {
    const attached = region.containerWord(container, 'attached')
    for (let word = 0; word < 4; word++) if (region.words.load(attached + word) !== 0) return 0
    let taken = 0
    for (const frame of frames(region)) {
      const word = region.frameWord(frame, 'shown')
      if (region.words.compareExchange(word, container + 1, 0) === container + 1) taken++
    }
    return taken
  },
  actorState: (region: Region, port: PortId): number =>
    region.words.exchange(region.actorWord(port, 'state'), actorStates.dead) === actorStates.dead
      ? 0
      : 1,
  /** Traps posted to a manager that died: each locus is told, none stays parked. */
  postedTraps: (region: Region, manager: PortId): number => {
    let failed = 0
    for (let slot = 0; slot < region.plan.shape.maxLoci; slot++) {
      const locus = slot as LocusSlot
      if (region.words.load(region.locusWord(locus, 'trapManager')) !== manager) continue
      if (failTrap(region, locus, 'manager_failed')) failed++
    }
    for (let word = 0; word < 4; word++)
      region.words.store(region.actorWord(manager, 'traps') + word, 0)
    return failed
  },
  ackBells: (region: Region, manager: PortId): number => {
    let taken = 0
    for (let slot = 0; slot < region.plan.shape.maxContainers; slot++) {
      const word = region.containerWord(asContainer(slot), 'ackBell')
      if (region.words.compareExchange(word, manager + 1, 0) === manager + 1) taken++
    }
    return taken
  },
  /** Every page of a container, when all its loci are at rest or gone: nobody uses a translation. */
  pageTable: (region: Region, container: ContainerSlot): number => {
    let removed = 0
    eachSlice(region, container, (from, to) => {
      for (let index = from; index < to; index++) {
        if (region.i32[index] === 0) continue
        const entry = region.words.exchange(index, 0)
        const frame = asFrame((entry & entryBits.frameMask) / region.plan.shape.pageBytes)
        invariant(isFrame(region, frame), 'ME4: an entry shows a frame of its machine', {
          index,
          entry,
        })
        region.words.store(region.frameWord(frame, 'entry'), 0)
        removed++
      }
    })
    region.words.add(region.containerWord(container, 'gen'), 1)
    return removed
  },
  /** Frames of a page set without a manager go back to the kernel, but for those a transfer still uses: ask again later. */
  frames: (region: Region, pageSet: PageSetId): number => {
    invariant(pageSet !== 0, 'ME6: the kernel’s own frames are not reclaimed', { pageSet })
    let taken = 0
    for (const frame of frames(region)) {
      if (region.words.load(region.frameWord(frame, 'owner')) !== pageSet) continue
      if (region.words.load(region.frameWord(frame, 'transfer')) !== 0) continue
      invariant(
        region.words.load(region.frameWord(frame, 'entry')) === 0,
        'ME6: page tables are cleared before frames go back',
        { frame },
      )
      region.words.store(region.frameWord(frame, 'owner'), 0)
      taken++
    }
    return taken
  },
} as const

/** All rows of a locus, in their order: its state last. */
export function reclaimLocus(region: Region, locus: LocusSlot): void {
  invariant(locusOfPort(locusPort(locus)) === locus, 'ME6: a locus is named by its slot', { locus })
  reclaim.ownTrap(region, locus)
  reclaim.wait(region, locus)
  reclaim.holds(region, locus)
  reclaim.locusState(region, locus)
  reclaim.attachments(region, locus)
}

/** All rows of an actor that hold for any actor. Its containers and page sets are the kernel's to clear. */
export function reclaimActor(region: Region, port: PortId): void {
  invariant(port >= 0 && port < maxActors, 'ME6: an actor has a port of its machine', { port })
  reclaim.actorState(region, asPort(port))
  reclaim.postedTraps(region, port)
  reclaim.ackBells(region, port)
}
