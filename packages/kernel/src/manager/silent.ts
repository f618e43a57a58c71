/**
 * Faults that a manager does not answer. The locus gets `manager_failed` in bounded time, counted in the supervisor's ticks;
 * a little later the manager is ended, so that it is started again and its containers come back by recovery.
 *
 * The locus comes first: its caller hears what befell it, instead of running into the same fault again and again.
 */
import { asPort, trapStates, type LocusSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { failTrap } from '@katydid/memory'
import type { Locus } from '../locus/locus.js'
import type { Machine } from '../machine.js'

/** Ticks of 100 ms a fault may take. Its own thread gives up after ten seconds, should the kernel be held up. */
const trapTicks = 80
/** Ticks from then until the manager is ended. */
const graceTicks = 5

/** Looks at the locus's trap; one that stays the same for too long is failed, and its manager noted as silent. */
export function watchTrap(machine: Machine, locus: Locus, slot: LocusSlot): void {
  const { region } = machine
  const { watch } = locus
  const state = region.words.load(region.locusWord(slot, 'trapState'))
  const sequence = region.words.load(region.locusWord(slot, 'trapSequence'))
  const pending = state === trapStates.posted || state === trapStates.taken
  if (!pending || sequence !== watch.trapSequence) {
    Object.assign(watch, { trapSequence: sequence, trapSinceTick: machine.tick() })
    return
  }
  if (((machine.tick() - watch.trapSinceTick) | 0) < trapTicks) return
  const port = region.words.load(region.locusWord(slot, 'trapManager'))
  const generation = region.words.load(region.locusWord(slot, 'trapManagerGeneration'))
  if (!failTrap(region, slot, 'manager_failed')) return
  const manager = machine.managers.at(asPort(port))
  if (manager === null || Number(manager.generation) !== generation) return
  if (!machine.silentManagers.has(port)) machine.silentManagers.set(port, machine.tick())
}

/** Ends managers that left a fault unanswered, once its locus has had the time to say how it fared. */
export function endSilentManagers(machine: Machine): void {
  for (const [port, sinceTick] of machine.silentManagers) {
    const waited = (machine.tick() - sinceTick) | 0
    invariant(waited >= 0, 'PS8: ticks go forward', { waited })
    if (waited < graceTicks) continue
    machine.silentManagers.delete(port)
    const manager = machine.managers.at(asPort(port))
    if (manager === null || manager.state !== 'running') continue
    const reason = 'it left a fault, or frames_taken, unanswered'
    machine.order({
      order: 'stop_actor',
      port: manager.port,
      generation: manager.generation,
      reason,
    })
  }
}
