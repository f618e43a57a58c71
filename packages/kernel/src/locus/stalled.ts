/**
 * Loci that hold others up: running, without a sign of life, while somebody waits for their acknowledgement. Reported
 * after a second, ended after ten, counted in the supervisor's ticks. A locus nobody waits for may compute as long as it likes.
 */
import { locusPort, locusStates, trapStates, type LocusSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { failTrap, laggards } from '@katydid/memory'
import type { Machine } from '../machine.js'
import { requestRecovery } from '../recovery/request.js'
import type { Locus } from './locus.js'

/** Ticks of the supervisor, 100 ms each. */
const stalledTicks = 10
const endedTicks = 100
/** A trap's own deadline is ten seconds on its thread; the kernel ends it when that thread cannot. */
const trapTicks = 120

/** Looks at every locus once a tick. */
export function watchLoci(machine: Machine): void {
  const late = lateLoci(machine)
  for (const locus of machine.loci.threads()) {
    if (locus.slot === null || locus.end !== null) continue
    watchTrap(machine, locus, locus.slot)
    watchTurns(machine, locus, locus.slot, late.has(locus.slot))
  }
}

function lateLoci(machine: Machine): Set<LocusSlot> {
  const late = new Set<LocusSlot>()
  for (const { slot } of machine.containers.all()) {
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
  requestRecovery(machine, `locus ${locus.id} stalled: ${reason}`)
}

function watchTrap(machine: Machine, locus: Locus, slot: LocusSlot): void {
  const { words } = machine.region
  const { watch } = locus
  const state = words.load(machine.region.locusWord(slot, 'trapState'))
  const sequence = words.load(machine.region.locusWord(slot, 'trapSequence'))
  const pending = state === trapStates.posted || state === trapStates.taken
  if (!pending || sequence !== watch.trapSequence) {
    Object.assign(watch, { trapSequence: sequence, trapSinceTick: machine.tick() })
    return
  }
  if (((machine.tick() - watch.trapSinceTick) | 0) < trapTicks) return
  failTrap(machine.region, slot, 'manager_failed')
}
