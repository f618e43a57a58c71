/**
 * Asking for a recovery session. There is one path back for a lost locus, a dead manager and a restart; here is only
 * noted that it is wanted, and why. The kernel's turn starts it.
 */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'

/** The world goes back to its line at the next turn. Several reasons make one session. */
export function requestRecovery(machine: Machine, reason: string): void {
  invariant(reason !== '', 'SI15: a rollback has a reason', {})
  if (machine.phase === 'failed') return
  machine.recoveryWanted ??= reason
}
