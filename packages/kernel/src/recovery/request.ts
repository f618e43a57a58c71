/**
 * Asking for a recovery. There is one path back for a lost locus, a dead manager and a restart; here is only noted that it is
 * wanted, why, and what was lost. The kernel's turn starts it.
 */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'

/** What has lost its present state: containers, by slot, or all of the world. */
export type Lost = ReadonlySet<number> | 'world'

/** What was lost goes back to the line at the next turn, with all that depends on it. Several losses make one session. */
export function requestRecovery(machine: Machine, reason: string, lost: Lost): void {
  invariant(reason !== '', 'SI15: a rollback has a reason', {})
  if (machine.phase === 'failed') return
  machine.recoveryWanted ??= reason
  machine.lost =
    machine.lost === 'world' || lost === 'world' ? 'world' : new Set([...machine.lost, ...lost])
}
