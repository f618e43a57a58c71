/**
 * What a host sees when something is refused: a status of the closed list and a sentence that says what happened,
 * to what, and what to do. Bugs of ours are never of this class.
 */
import type { Status } from '@katydid/abi'

export class KatydidError extends Error {
  readonly status: Status
  /** True when nothing failed and nothing that was recoverable is lost, so that asking again is the way out. */
  readonly again: boolean

  /** `sentence` is for a person: it names the thing and the way out. */
  constructor(status: Status, sentence: string, again = false) {
    super(sentence)
    this.name = 'KatydidError'
    this.status = status
    this.again = again
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
