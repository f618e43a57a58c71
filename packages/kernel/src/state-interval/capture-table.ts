/** Epochs, the records of their captures from the line on, and the capture under way with all who asked for it. */
import type { LineHolder, Refusal } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { UnitPoint } from './history.js'
import type { CaptureRecord, InputsRecord } from './records.js'

/** One record: what was captured in one step of an epoch. */
export interface Capture {
  /** Its number among the records; not that of its epoch. */
  readonly id: number
  readonly epoch: number
  record: CaptureRecord
  /** Copies of older points in it: found here from when it is durable. */
  readonly carried: CarriedPoint[]
  /** The kernel's record is on the disk. */
  durable: boolean
  /** Its record lies behind this log position. */
  readonly after: number
}

/** A point that is written again. */
export interface CarriedPoint {
  /** Captured, with the visits that others are had by. */
  readonly points: readonly UnitPoint[]
  /** These visits: written behind the record. Nil: there are none. */
  readonly visits: InputsRecord | null
}

/** How an epoch's captures came out. */
export interface Tick {
  readonly status: 'ok'
  readonly epoch: number
  /** Containers that did not come to rest, with a sentence for each. */
  readonly busy: ReadonlyMap<number, string>
  /** Containers whose managers took no snapshot, with a sentence for each. */
  readonly refused: ReadonlyMap<number, string>
  /** Why a record of it could not be written. */
  failed: string | null
}

export type CaptureOutcome = Tick | Refusal<'busy' | 'frozen'>

/** A capture under way: until the first container is cut, whoever asks joins. */
export interface Rendezvous {
  joinable: boolean
  readonly done: ((outcome: CaptureOutcome) => void)[]
}

/** How often the world was drained, and what that took. */
export interface DrainFigures {
  readonly count: number
  readonly totalMs: number
  readonly maxMs: number
  /** Of them, drains that did not end in time. */
  readonly givenUp: number
}

/** The line is further behind than two epochs, or may come to be, until it has reached `epoch`. */
export interface Lagging {
  readonly sinceMs: number
  readonly epoch: number
  readonly holders: readonly LineHolder[]
}

export class CaptureTable {
  /** The newest epoch announced as recoverable; 0: none, the empty world. */
  line = 0
  /** The line: each unit's interval on it. */
  vector = new Map<number, number>()
  /** Units whose end is on the line: how far they had come. Kept until no point can need it any more. */
  over = new Map<number, number>()
  /** In which epochs they ended. */
  ends: { readonly unit: number; readonly epoch: number }[] = []
  /** Records that hold points newer than the line, rising. */
  newer: Capture[] = []
  /** Before this no drain: the last one did not come to an end in time. */
  drainsAgainMs = 0
  /** Drains of the world, over all its openings. */
  drains: DrainFigures = { count: 0, totalMs: 0, maxMs: 0, givenUp: 0 }
  /** Who holds the line back; null: nobody, a crash costs two epochs at most. */
  lagging: Lagging | null = null
  /** With fewer points newer than the line in each unit it is not looked again which can be given up. */
  mostPoints = 0
  rendezvous: Rendezvous | null = null
  /** Who came too late to join: their capture comes next. */
  queued: ((outcome: CaptureOutcome) => void)[] = []
  announcing = false
  /** The newest line record lies behind this log position. */
  lineAfter = 0
  /** Loci that wait for what was captured for them to become recoverable. */
  waiting = 0
  /** Number of the last freeze. */
  freezes = 0
  /** What the last capture saw of the machine's changes, and when it was taken. */
  changesSeen = -1
  takenAtMs = 0
  /** When the epochs began that are not on the line. */
  readonly #began = new Map<number, number>()
  #epoch = 0
  #lines = 0
  #next = 1

  /** The present epoch: that of the newest tick. */
  get epoch(): number {
    return this.#epoch
  }

  /** The number of the next record. */
  get next(): number {
    return this.#next
  }

  /** Begins the next epoch and answers it. */
  beginEpoch(nowMs: number): number {
    this.#epoch++
    for (const epoch of this.#began.keys()) if (epoch <= this.line) this.#began.delete(epoch)
    this.#began.set(this.#epoch, nowMs)
    invariant(this.#epoch > this.line, 'SI3: epochs rise', { epoch: this.#epoch, line: this.line })
    return this.#epoch
  }

  /** When the epoch began; long ago, when it is on the line or of an earlier life. */
  beganMs(epoch: number): number {
    return this.#began.get(epoch) ?? -Infinity
  }

  /** Numbers used before a restart are not used again. */
  raise(epoch: number, next: number): void {
    this.#epoch = Math.max(this.#epoch, epoch)
    this.#next = Math.max(this.#next, next)
  }

  /** A record takes the next number. */
  takeId(): number {
    return this.#next++
  }

  /** A line record takes the next number of its session. */
  takeLineNumber(): number {
    return ++this.#lines
  }

  /** Its record is not on the disk: it never counts, and what it held is to be captured again. */
  drop(capture: Capture): void {
    invariant(!capture.durable, 'SI21: what is durable is not given up', { id: capture.id })
    this.newer = this.newer.filter((each) => each !== capture)
    this.changesSeen = -1
  }

  take(capture: Capture): void {
    invariant(capture.id > (this.newer.at(-1)?.id ?? 0), 'SI3: captures are numbered rising', {
      id: capture.id,
    })
    this.newer.push(capture)
  }
}
