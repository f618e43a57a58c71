/** A recovery of a part: decided and applied, while the others run on. */
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { restartEngine } from '../state-interval/engine-again.js'
import { bringUpAll } from './bring-up.js'
import { note } from './note.js'
import { arrive, clearGoing, type Departure } from './partly.js'
import type { Problem } from './problem.js'
import { wanted } from './under-way.js'

/** How far its units go back, on the disk; false when the disk did not take it, and the world has failed. */
export function* decidePartly(machine: Machine, { going }: Departure): Script<boolean> {
  const back = [...going].map(([unit, { to }]): [number, number] => [unit, to])
  return yield* note(machine, { rolledBack: false, back })
}

/** They are taken back to it; what went wrong, or nil. A sentence: what some were to do again differed, and they wait. */
export function* applyPartly(
  machine: Machine,
  departure: Departure,
): Script<Problem | string | null> {
  invariant(machine.lost !== 'world', 'SI30: the world does not go back in part', {})
  const problem = (yield* bringUpAll(machine)) ?? (yield* arrive(machine, departure))
  if (problem === null) restartEngine(machine)
  return problem
}

/** What was lost, with what depends on it, is taken back to its newest points that can be had while the others run on. */
export function* goPartly(machine: Machine, departure: Departure): Script<Problem | string | null> {
  if (!(yield* clearPartly(machine, departure))) return null
  if (!(yield* decidePartly(machine, departure))) return null
  return yield* applyPartly(machine, departure)
}

/** Takes back what they have in memory; false when more was lost meanwhile, so that all of the world goes back, or the world has failed. */
export function* clearPartly(machine: Machine, departure: Departure): Script<boolean> {
  if (wanted(machine) !== null) return false
  if (yield* clearGoing(machine, departure)) return true
  machine.fail('io_error', 'a transfer of the disk did not end in time for a recovery')
  return false
}
