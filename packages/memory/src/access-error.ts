/** What a program sees when an access is refused: a status from the closed list, with a sentence. */
import type { Status } from '@katydid/abi'

export class AccessError extends Error {
  readonly status: Status

  constructor(status: Status, sentence: string) {
    super(`${status}: ${sentence}`)
    this.name = 'AccessError'
    this.status = status
  }
}
