/**
 * What a host sees when something is refused: a status of the closed list and a sentence that says what happened,
 * to what, and what to do. Bugs of ours are never of this class.
 */
import type { Status } from '@katydid/abi'

export class KatydidError extends Error {
  readonly status: Status

  /** `sentence` is for a person: it names the thing and the way out. */
  constructor(status: Status, sentence: string) {
    super(sentence)
    this.name = 'KatydidError'
    this.status = status
  }

  /** The same as `message`. */
  get sentence(): string {
    return this.message
  }
}

/** The system's own words for a failed file operation, without its call stack. */
export function systemWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The error code of the system, as ENOENT; empty when there is none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
