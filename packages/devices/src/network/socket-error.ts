import type { Status } from '@katydid/abi'

/** Why a machine's socket could not be opened, with a status and a sentence. */
export class SocketError extends Error {
  readonly status: Status

  constructor(status: Status, sentence: string) {
    super(sentence)
    this.name = 'SocketError'
    this.status = status
  }
}
