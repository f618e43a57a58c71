/**
 * The manager's way to its disk's log: sends, counts what is under way, and knows below which position of the log nothing
 * of a new write can stand.
 */
import {
  asPosition,
  diskCalls,
  type ArgsOf,
  type LogPosition,
  type PortId,
  type Reply,
} from '@katydid/abi'
import { invariant, type Counters, type Messenger } from '@katydid/actor'
import type { Trace } from './trace.js'

type WriteArgs = ArgsOf<(typeof diskCalls)['diskWrite']>
export type WriteReply = Reply<(typeof diskCalls)['diskWrite']>
export type PageWrite = WriteArgs['pages'][number]
export type LogRecord = WriteArgs['records'][number]

/** A disk answers or refuses; its actor's death ends the world's session. The deadline is for a disk that hangs. */
const writeDeadlineMs = 60_000

export class DiskWriter {
  readonly #messenger: Messenger
  readonly #disk: PortId
  readonly #counters: Counters
  readonly #trace: Trace
  #last: LogPosition = asPosition(0)
  #inFlight = 0
  #waitsForRoom = false
  #pagesSent = 0
  /** Writes of pages that are not answered, by the order in which they were sent. */
  readonly #unanswered = new Set<number>()
  /** Bytes that the log has grown by since somebody set it to 0. */
  bytesSince = 0
  /** The same, never set to 0. */
  bytesEver = 0
  /** A start may read the log from here on only. */
  readFrom: LogPosition = asPosition(1)
  #refusals = 0
  /**
   * Asked when the disk was full, for pages, so many times in a row: whether room is being won back, so that they wait instead
   * of failing.
   */
  roomMayCome: (refusals: number) => boolean = () => false

  constructor(messenger: Messenger, disk: PortId, counters: Counters, trace: Trace) {
    this.#messenger = messenger
    this.#disk = disk
    this.#counters = counters
    this.#trace = trace
  }

  /** No write begun from now on stands before this position. */
  get next(): LogPosition {
    return asPosition(this.#last + 1)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Writes of pages sent so far. */
  get pagesSent(): number {
    return this.#pagesSent
  }

  /** Whether each of the first `sent` writes of pages has been answered. */
  isAnswered(sent: number): boolean {
    invariant(sent <= this.#pagesSent, 'MG15: a write is sent before it is answered', { sent })
    for (const each of this.#unanswered) return each > sent
    return true
  }

  /** The disk was full, and room may come: nothing is gained by writing pages until `roomAgain`. */
  get waitsForRoom(): boolean {
    return this.#waitsForRoom
  }

  /** There is room, or there will be none: writing is tried again. */
  roomAgain(): void {
    this.#waitsForRoom = false
  }

  /** The log's end was at `position`, whoever wrote there: what we begin to write now stands behind it. */
  saw(position: LogPosition): void {
    if (position > this.#last) this.#last = position
  }

  /** The log ended at `position` when we began. */
  startAfter(position: LogPosition): void {
    invariant(position >= this.#last, 'MG13: the log’s end goes forward', {
      position,
      last: this.#last,
    })
    this.#last = position
  }

  write(
    pages: readonly PageWrite[],
    records: readonly LogRecord[],
    barrier: boolean,
    pageBytes: number,
    onAnswer: (reply: WriteReply) => void,
  ): void {
    invariant(pages.length + records.length > 0, 'MG8: something is written', { barrier })
    this.#trace.event('write', pages.length, records.length)
    this.#inFlight++
    const nth = pages.length > 0 ? ++this.#pagesSent : 0
    if (nth > 0) this.#unanswered.add(nth)
    this.#messenger.call(
      this.#disk,
      diskCalls.diskWrite,
      { pages, records, barrier },
      (reply) => {
        this.#inFlight--
        this.#unanswered.delete(nth)
        invariant(this.#inFlight >= 0, 'MG15: every write is answered once', {
          inFlight: this.#inFlight,
        })
        this.#note(reply, pages.length, pageBytes)
        if (pages.length > 0) this.#heedRoom(reply.status === 'disk_full')
        onAnswer(reply)
      },
      writeDeadlineMs,
    )
  }

  /** Writes pages given by value and records, and waits: the disk never waits for a manager. */
  writeNow(
    pages: readonly PageWrite[],
    pageBytes: number,
    records: readonly LogRecord[] = [],
  ): WriteReply {
    this.#trace.event('write', pages.length, records.length)
    const args = { pages, records, barrier: false }
    const reply = this.#messenger.callSync(this.#disk, diskCalls.diskWrite, args)
    this.#note(reply, pages.length, pageBytes)
    return reply
  }

  #heedRoom(isFull: boolean): void {
    this.#refusals = isFull ? this.#refusals + 1 : 0
    invariant(this.#refusals <= this.#pagesSent, 'MG21: who was refused has asked', {
      refusals: this.#refusals,
    })
    if (isFull && this.roomMayCome(this.#refusals)) this.#waitsForRoom = true
  }

  #note(reply: WriteReply, pages: number, pageBytes: number): void {
    if (reply.status !== 'ok') return
    invariant(reply.places.length === pages, 'DK1: every page written has a place', {
      pages,
      places: reply.places.length,
    })
    const bytes = pages * pageBytes
    if (reply.position > this.#last) this.#last = reply.position
    // A group has a head of at least a block.
    this.bytesSince += bytes + pageBytes
    this.bytesEver += bytes + pageBytes
    this.#counters.add('pagesWritten', reply.places.length)
    this.#counters.add('bytesWritten', bytes)
  }
}
