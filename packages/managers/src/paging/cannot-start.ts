/** Why a manager cannot come up: its supervisor hears it, and starts it again or gives up. */
import type { Refusal, Status } from '@katydid/abi'

export class CannotStart extends Error {
  readonly status: Status

  constructor(doing: string, refusal: Refusal<Status>) {
    super(`the manager cannot start: ${doing}: ${refusal.status}: ${refusal.detail}`)
    this.name = 'CannotStart'
    this.status = refusal.status
  }
}
