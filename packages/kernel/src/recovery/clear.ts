/**
 * Before anything is restored: every locus has stopped, no translation is left, what dead managers had is back, and what
 * was only in memory is gone. Managers that live keep their heaps.
 */
import { locusPort, managerUpcalls } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import { reclaim } from '@katydid/memory'
import { tellDestroyed } from '../container/retire.js'
import { dropSlices } from '../container/slices.js'
import type { Container } from '../container/container.js'
import { reportEnd } from '../locus/locus-end.js'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'
import { reclaimManager } from '../manager/manager-gone.js'
import { endGuestsWith } from '../remote/end-guest.js'
import { freeLimbo } from '../manager/orphans.js'
import type { SavedContainer, SavedLocus } from '../state-interval/records.js'

const stopMs = 10_000
const quietMs = 60_000

/** Ends every locus's thread and waits until each was seen to end; false when one does not. */
export function* stopLoci(machine: Machine, reason: string): Script<boolean> {
  endGuestsWith(machine, () => true)
  for (const { slot, generation } of machine.loci.threads())
    if (slot !== null)
      machine.order({ order: 'stop_locus', port: locusPort(slot), generation, reason })
  const gone = (): boolean => machine.loci.threads().length === 0
  if (!(yield* machine.waits.until(gone, stopMs))) return false
  const { captures } = machine
  return yield* machine.waits.until(
    () => captures.rendezvous === null && machine.rootWrites === 0,
    quietMs,
  )
}

/** Empties the page tables of user containers, of `those` if given, and takes back what dead managers had. */
export function* clearMemory(
  machine: Machine,
  those: (slot: number) => boolean = () => true,
): Script<boolean> {
  invariant(
    machine.loci.threads().every((each) => !those(each.container)),
    'SI15: tables are cleared when no locus runs',
    {},
  )
  for (const container of machine.containers.all()) {
    if (container.selfManaged || !those(container.slot)) continue
    reclaim.pageTable(machine.region, container.slot)
    reclaim.shownFrames(machine.region, container.slot)
  }
  // Nobody is in them; a proxy that lives lets go of its pages itself.
  for (const { shadow, state, isFreed, proxy } of machine.guests.all())
    if (state === 'over' && !isFreed && machine.managers.at(proxy)?.state !== 'running')
      reclaim.pageTable(machine.region, shadow.slot)
  for (const { shadow, below } of machine.overlays.all())
    if (those(below.slot)) reclaim.pageTable(machine.region, shadow.slot)
  const dead = machine.managers.all().filter(({ state }) => state !== 'running')
  for (const manager of dead) reclaimManager(machine, manager)
  return yield* freeLimbo(
    machine,
    dead.map(({ port }) => port),
  )
}

/** Forgets user containers, `those` if given; managers that live and still have one that is no longer are told. */
export function forgetContainers(
  machine: Machine,
  to: readonly SavedContainer[],
  those: (slot: number) => boolean = () => true,
): void {
  const kept = new Set(to.map((each) => keyOf(each.manager, each.token)))
  // One that was adopted after the line is put back into its slot without its manager.
  const slots = new Set<number>(to.map((each) => each.slot))
  machine.graves = machine.graves.filter(({ container }) => !those(container.slot))
  for (const container of machine.containers.all()) {
    if (container.selfManaged || !those(container.slot)) continue
    const isKept = kept.has(keyOf(container.manager, container.token))
    if (container.manager === null || isKept) removeNow(machine, container)
    else if (slots.has(container.slot)) {
      const args = { cont: container.token }
      machine.messenger.call(container.manager, managerUpcalls.containerDestroyed, args, () => {})
      removeNow(machine, container)
    } else {
      machine.containers.halt(container)
      // It is no unit of recovery any more: it never was.
      container.intervals.history.over = true
      tellDestroyed(machine, container)
    }
  }
}

const keyOf = (manager: number | null, token: number): string => `${manager} ${token}`

function removeNow(machine: Machine, container: Container): void {
  // A manager that lives may be at its entries at this moment: the tables, empty, stay for the same container, which is put
  // back into the slot.
  if (container.manager === null) dropSlices(machine, container)
  machine.containers.remove(container)
}

/** Forgets loci, `those` if given; callers of those that are not restored are told that theirs is lost. */
export function forgetLoci(
  machine: Machine,
  to: readonly SavedLocus[],
  those: (locus: Locus) => boolean = () => true,
): Map<number, Locus> {
  const forgotten = machine.loci.all().filter(those)
  const before = new Map(forgotten.map((each) => [each.id, each]))
  const kept = new Set(to.map((each) => each.id))
  for (const locus of before.values()) {
    machine.loci.forget(locus)
    invariant(locus.slot === null, 'SI15: a locus is forgotten when its thread has ended', {
      id: locus.id,
    })
    if (kept.has(locus.id) || (locus.end !== null && locus.told)) continue
    const detail = locus.fate?.detail ?? 'the world went back to a state in which it did not exist'
    const status = locus.fate?.status ?? 'locus_lost'
    locus.end = { status, detail, block: new Uint8Array(0) }
    locus.told = false
    reportEnd(machine, locus, locus.fate === null)
  }
  return before
}
