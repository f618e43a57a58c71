/**
 * Suspending, resuming and destroying loci from outside. The word `suspended` is stored before the locus's state is looked at; a locus
 * stores its state before it loads the word. So a locus seen at rest stays there.
 */
import {
  bellBits,
  capabilityTables,
  locusPort,
  locusStates,
  masterRights,
  refuse,
  waitStates,
  type Answer,
  type ArgsOf,
  type Capref,
  type LocusSlot,
  type locusCalls,
  type PortId,
} from '@katydid/abi'
import { invariant, ring } from '@katydid/actor'
import { resolve, tableOf, type Resolved, type Right } from '../capability/resolve.js'
import type { Machine } from '../machine.js'
import { requestRecovery } from '../recovery/request.js'
import { waitOf } from '../semaphore/wait-of.js'
import { historyOf } from '../state-interval/units.js'
import { reportEnd } from './locus-end.js'
import type { Locus } from './locus.js'

type Calls = typeof locusCalls

/** A master capability for the locus in the principal's own table; null when that is full. */
export function grantLocus(machine: Machine, to: PortId, locus: Locus): Capref | null {
  const table = tableOf(machine, to, 'own')
  invariant(table !== null, 'CP1: every principal has a table of its own', { to })
  return machine.capabilities.grant(table, 'own', {
    kind: 'locus',
    slot: locus.id,
    generation: 1,
    rights: masterRights,
    group: 0,
  })
}

/** locus_suspend. */
export function locusSuspend(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['locusSuspend']>,
): Answer<Calls['locusSuspend']> {
  const found = resolveLocus(machine, from, args.locus, 'suspend')
  if (found.status !== 'ok') return found
  const { locus } = found
  if (locus.end !== null) return { status: 'ok', atRest: true }
  if (!locus.suspended) machine.changed()
  setSuspended(machine, locus, true)
  const atRest = locus.slot === null || standsStill(machine, locus, locus.slot)
  return { status: 'ok', atRest }
}

/** locus_resume. */
export function locusResume(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['locusResume']>,
): Answer<Calls['locusResume']> {
  const found = resolveLocus(machine, from, args.locus, 'suspend')
  if (found.status !== 'ok') return found
  const { locus } = found
  if (!locus.suspended || locus.end !== null) return { status: 'ok' }
  machine.changed()
  setSuspended(machine, locus, false)
  return { status: 'ok' }
}

/** locus_destroy: the end of a locus that did not end by itself. */
export function locusDestroy(
  machine: Machine,
  from: PortId,
  args: ArgsOf<Calls['locusDestroy']>,
): Answer<Calls['locusDestroy']> {
  const found = resolveLocus(machine, from, args.locus, 'destroy')
  if (found.status !== 'ok') return found
  const { locus } = found
  if (locus.end === null && locus.slot !== null) stopThread(machine, locus, locus.slot)
  const told = locus.end !== null && locus.told
  locus.end = { status: 'entity_gone', detail: 'the locus was destroyed', block: new Uint8Array(0) }
  machine.loci.forget(locus)
  freeName(machine, locus)
  machine.groups.dropEntity('locus', locus.id, 1)
  machine.changed()
  if (!told) reportEnd(machine, locus)
  return { status: 'ok' }
}

function freeName(machine: Machine, { name, container }: Locus): void {
  const interval = machine.containers.interval(container)
  machine.freedNames.add(name, { unit: container, interval }, (freed) => {
    const history = historyOf(machine, freed.unit)
    return history === null || (history.base?.interval ?? 0) >= freed.interval
  })
}

/** Its thread does nothing more. What one that was at rest waited for is given back; one that ran takes the world to its line. */
function stopThread(machine: Machine, locus: Locus, slot: LocusSlot): void {
  const { region } = machine
  setSuspended(machine, locus, true)
  const reason = 'the locus was destroyed'
  machine.order({
    order: 'stop_locus',
    port: locusPort(slot),
    generation: locus.generation,
    reason,
  })
  machine.capabilities.clear(capabilityTables.ofLocus(region.plan.shape, slot))
  if (standsStill(machine, locus, slot)) {
    machine.semaphores.withdraw(locus.id, waitOf(machine, locus))
    // Who notifies from now on must find somebody else.
    region.words.store(region.locusWord(slot, 'waitState'), waitStates.idle)
    return
  }
  const name = locus.name === '' ? `${locus.id}` : `“${locus.name}”`
  machine.destroyedLoci.add(locus.id)
  requestRecovery(machine, `locus ${name} was destroyed while it ran`, new Set([locus.container]))
}

/** Stores the word, and rings a locus that may be waiting for it. */
function setSuspended(machine: Machine, locus: Locus, suspended: boolean): void {
  const { region } = machine
  locus.suspended = suspended
  if (!suspended) locus.stands = false
  // One that waits for a slot is kept as it was saved.
  if (locus.heldBack !== null) locus.heldBack = { ...locus.heldBack, suspended }
  if (locus.slot === null) return
  region.words.store(region.locusWord(locus.slot, 'suspended'), suspended ? 1 : 0)
  ring(region.words, region.locusWord(locus.slot, 'bell'), bellBits.mail)
}

/**
 * Whether a suspended locus runs no instruction of a program before it is resumed. Once seen at rest it is so for good: one that was
 * about to come back shows as running for a moment, sees the word, and rests again.
 */
function standsStill(machine: Machine, locus: Locus, slot: LocusSlot): boolean {
  invariant(locus.suspended, 'LO70: only a suspended locus stands still', { id: locus.id })
  const state = machine.region.words.load(machine.region.locusWord(slot, 'state'))
  locus.stands ||= state === locusStates.resting || state === locusStates.starting
  return locus.stands
}

function resolveLocus(
  machine: Machine,
  from: PortId,
  capref: Capref,
  right: Right,
): Resolved<{ readonly locus: Locus }> {
  const found = resolve(machine, from, capref, 'locus', right)
  if (found.status !== 'ok') return found
  const locus = machine.loci.withId(found.capability.slot)
  if (locus === null) return refuse('entity_gone', 'the locus is gone')
  return { status: 'ok', locus }
}
