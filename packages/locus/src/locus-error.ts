/** What a program sees when a call of its locus or a standard structure refuses: a status from the closed list, with a sentence. */
import type { Status } from '@katydid/abi'

export class LocusError extends Error {
  readonly status: Status

  constructor(status: Status, sentence: string, options?: ErrorOptions) {
    super(`${status}: ${sentence}`, options)
    this.name = 'LocusError'
    this.status = status
  }

  /** The message without the status before it. */
  get sentence(): string {
    return this.message.slice(this.status.length + 2)
  }
}
