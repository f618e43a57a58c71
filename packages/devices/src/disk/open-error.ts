/** Why a disk was not opened: a status with its sentence. Nothing in the file was changed, but where the sentence says so. */
import type { Status } from '@katydid/abi'

export class DiskOpenError extends Error {
  readonly status: Status

  constructor(status: Status, sentence: string) {
    super(sentence)
    this.name = 'DiskOpenError'
    this.status = status
  }
}
