/** Captures of the world from the line on, and the capture under way with all who asked for it. */
import type { Refusal } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { CaptureRecord } from './records.js'

/** One cut through all containers. It is the line once it is durable and each of its labels is stable. */
export interface Capture {
  readonly id: number
  readonly record: CaptureRecord
  /** The kernel's record is on the disk. */
  durable: boolean
  /** Why its record could not be written. */
  failed: string | null
  /** Its record lies behind this log position. */
  readonly after: number
}

export type CaptureOutcome =
  | { readonly status: 'ok'; readonly capture: Capture }
  | Refusal<'busy' | 'frozen' | 'manager_failed'>

/** A capture under way: until all loci are at rest, whoever asks joins. */
export interface Rendezvous {
  joinable: boolean
  readonly done: ((outcome: CaptureOutcome) => void)[]
}

export class CaptureTable {
  /** The newest capture announced as recoverable; 0: none, the empty world. */
  line = 0
  /** The line's own capture; nil: the empty world. */
  base: Capture | null = null
  /** Captures newer than the line, rising. */
  newer: Capture[] = []
  rendezvous: Rendezvous | null = null
  /** Who came too late to join: their capture comes next. */
  queued: ((outcome: CaptureOutcome) => void)[] = []
  announcing = false
  /** Number of the last freeze. */
  freezes = 0
  /** What the last capture saw of the machine's changes, and when it was taken. */
  changesSeen = -1
  takenAtMs = 0
  #next = 1

  /** The number of the next capture. */
  get next(): number {
    return this.#next
  }

  raiseNext(to: number): void {
    this.#next = Math.max(this.#next, to)
  }

  take(record: (id: number) => CaptureRecord, after: number): Capture {
    const id = this.#next++
    const capture: Capture = { id, record: record(id), durable: false, failed: null, after }
    invariant(
      id > this.line && id > (this.newer.at(-1)?.id ?? 0),
      'SI3: captures are numbered rising',
      { id },
    )
    this.newer.push(capture)
    return capture
  }

  /** Its record is not on the disk: it never counts, and what it held is to be captured again. */
  drop(capture: Capture): void {
    invariant(!capture.durable, 'SI21: what is durable is not given up', { id: capture.id })
    this.newer = this.newer.filter((each) => each !== capture)
    this.changesSeen = -1
  }

  /** That capture is the line now; older ones are forgotten. */
  advance(capture: Capture): void {
    invariant(capture.id > this.line, 'SI6: the line never goes back', {
      line: this.line,
      to: capture.id,
    })
    this.line = capture.id
    this.base = capture
    this.newer = this.newer.filter((each) => each.id > capture.id)
  }
}
