/**
 * Loci that hold others up: running, without a sign of life, while somebody waits for their acknowledgement. Reported
 * after a second, ended after ten, counted in the supervisor's ticks. A locus nobody waits for may compute as long as it likes.
 */
import { locusPort, locusStates, type LocusSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { laggards } from '@katydid/memory'
import type { Machine } from '../machine.js'
import { requestRecovery } from '../recovery/request.js'
import { endSilentManagers, watchTrap } from '../manager/silent.js'
import type { Locus } from './locus.js'

/** Ticks of the supervisor, 100 ms each. */
const stalledTicks = 10
const endedTicks = 100

/** Looks at every locus once a tick. */
export function watchLoci(machine: Machine): void {
  const late = lateLoci(machine)
  for (const locus of machine.loci.threads()) {
    if (locus.slot === null || locus.end !== null) continue
    watchTrap(machine, locus, locus.slot)
    // That one has a deadline of its own.
    if (locus.replay !== null) continue
    watchTurns(machine, locus, locus.slot, late.has(locus.slot))
  }
  endSilentManagers(machine)
}

function lateLoci(machine: Machine): Set<LocusSlot> {
  const late = new Set<LocusSlot>()
  const guests = machine.guests
    .all()
    .filter(({ isFreed }) => !isFreed)
    .map(({ shadow }) => shadow)
  for (const { slot } of [...machine.containers.all(), ...guests]) {
    const gen = machine.region.words.load(machine.region.containerWord(slot, 'gen'))
    for (const locus of laggards(machine.region, slot, gen)) late.add(locus)
  }
  return late
}

function watchTurns(machine: Machine, locus: Locus, slot: LocusSlot, late: boolean): void {
  const { words } = machine.region
  const { watch } = locus
  const tick = machine.tick()
  const running = words.load(machine.region.locusWord(slot, 'state')) === locusStates.running
  const turns = words.load(machine.region.locusWord(slot, 'turns'))
  if (!running || !late || turns !== watch.turns) {
    Object.assign(watch, { turns, sinceTick: tick, reported: false })
    return
  }
  const forTicks = (tick - watch.sinceTick) | 0
  invariant(forTicks >= 0, 'LO62: ticks go forward', { forTicks })
  if (forTicks >= stalledTicks && !watch.reported) {
    watch.reported = true
    machine.report({ kind: 'stalled', locus: locus.id, name: locus.name, forMs: forTicks * 100 })
  }
  if (forTicks < endedTicks || locus.fate !== null) return
  const detail = `it gave no sign of life for ${forTicks / 10} s while others waited for it; call safepoint() more often`
  locus.fate = { status: 'locus_stalled', detail }
  stallEnds(machine, locus, slot, detail)
}

function stallEnds(machine: Machine, locus: Locus, slot: LocusSlot, reason: string): void {
  const { generation } = locus
  machine.order({ order: 'stop_locus', port: locusPort(slot), generation, reason })
  // What it ran for another machine is told there, as soon as its thread has ended.
  if (locus.visitor !== null && locus.visitor.borrowed !== null) return
  requestRecovery(machine, `locus ${locus.id} stalled: ${reason}`, new Set([locus.container]))
}
