/** What may change while a recovery waits, which the compiler cannot see. */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'

export const phaseOf = (machine: Machine): Machine['phase'] => machine.phase

/** Why another attempt is needed; nil: none is. */
export function wanted({ recoveryWanted }: Machine): string | null {
  invariant(recoveryWanted !== '', 'SI15: a rollback has a reason', {})
  return recoveryWanted
}
