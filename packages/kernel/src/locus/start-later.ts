/**
 * Loci that come back and find no slot. Points of different moments together can hold more live loci than there are slots: one that ended
 * to make room for another lives in the point before. It waits, as it was saved, until a slot is free, and every capture has it so.
 */
import { actorPorts, asLocus } from '@katydid/abi'
import { invariant, run, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { SavedLocus } from '../state-interval/records.js'
import type { Locus } from './locus.js'
import { startLocus } from './start.js'

const lookMs = 600_000

/** Gives it a thread with what was saved; false when no slot is free. */
export function startSaved(machine: Machine, locus: Locus, saved: SavedLocus): boolean {
  const { registers, capabilities, durableCalls } = saved
  const slot = saved.slot === null ? null : asLocus(saved.slot)
  return startLocus(machine, locus, { slot, registers, capabilities, durableCalls })
}

/** Starts it as soon as there is a slot; not at all when it is destroyed or goes back meanwhile. */
export function startLater(machine: Machine, locus: Locus, saved: SavedLocus): void {
  const { maxLoci } = machine.region.plan.shape
  invariant(machine.loci.threads().length === maxLoci, 'LO60: a locus finds a slot that is free', {
    id: locus.id,
  })
  locus.heldBack = saved
  const detail = `locus “${locus.name}” waits until one of the ${maxLoci} that run has ended; open the world with room for more`
  machine.report({ kind: 'trouble', port: actorPorts.kernel, status: 'no_resource', detail })
  run(machine.messenger, startWhenFree(machine, locus))
}

function* startWhenFree(machine: Machine, locus: Locus): Script<void> {
  const isOver = (): boolean =>
    machine.phase === 'failed' ||
    machine.loci.withId(locus.id) !== locus ||
    locus.end !== null ||
    hasStarted(machine, locus)
  for (;;) if (yield* machine.waits.until(isOver, lookMs)) return
}

function hasStarted(machine: Machine, locus: Locus): boolean {
  const { heldBack } = locus
  if (heldBack === null || machine.phase !== 'open' || machine.recoveryWanted !== null) return false
  if (!startSaved(machine, locus, heldBack)) return false
  locus.heldBack = null
  return true
}
