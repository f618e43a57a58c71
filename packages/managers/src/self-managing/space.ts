/**
 * How much room the disk has, as it last said, and when it is too little: below `low` segments are cleaned, below `tight` pages
 * may be refused. It asks again as the log grows; while pages wait for room, at every look.
 */
import { diskCalls, type PortId, type ResultOf } from '@katydid/abi'
import { invariant, type Messenger } from '@katydid/actor'
import type { DiskWriter } from '../paging/disk-writer.js'

type DiskStatus = ResultOf<typeof diskCalls.diskStatus>

export class Space {
  readonly segments: number
  readonly segmentBlocks: number
  /** Fewer free segments than this: old ones are cleaned. */
  readonly low: number
  /** Fewer than this: a batch of pages may find the disk full. */
  readonly tight: number
  /** Free segments when the disk was last asked. */
  free: number
  readonly #messenger: Messenger
  readonly #disk: PortId
  readonly #writer: DiskWriter
  readonly #segmentBytes: number
  readonly #blockBytes: number
  /** Segments that the disk keeps back from pages in frames. */
  readonly #kept: number
  #askedAt = 0
  /** Where the log's growth stood when the disk last answered. */
  #heardAt = 0
  #asking = false
  #waiting: (() => void)[] = []

  constructor(
    messenger: Messenger,
    disk: PortId,
    writer: DiskWriter,
    status: DiskStatus,
    batchPages: number,
  ) {
    this.#messenger = messenger
    this.#disk = disk
    this.#writer = writer
    this.segments = status.segments
    this.segmentBlocks = status.segmentBlocks
    this.free = status.freeSegments
    this.#segmentBytes = status.segmentBlocks * status.blockBytes
    this.#blockBytes = status.blockBytes
    this.#kept = status.keptSegments
    // What the disk keeps back, what one batch takes, and one for what goes on besides.
    this.tight = this.#kept + Math.ceil(batchPages / (status.segmentBlocks - 1)) + 1
    this.low = Math.max(this.tight + 1, status.segments >> 2)
    invariant(this.low > this.tight, 'MG19: cleaning begins before pages must wait', {
      low: this.low,
      tight: this.tight,
    })
  }

  /** Blocks on the whole disk. */
  get blocks(): number {
    return this.segments * this.segmentBlocks
  }

  /** Blocks that pages from frames may still take, by what the disk last said and the log has grown by since. */
  get room(): number {
    const grown = Math.ceil((this.#writer.bytesEver - this.#heardAt) / this.#blockBytes)
    return (this.free - this.#kept) * (this.segmentBlocks - 1) - grown
  }

  /** Asks the disk when the log has grown by half a segment since. */
  look(): void {
    const grown = this.#writer.bytesEver - this.#askedAt
    if (!this.#asking && grown >= this.#segmentBytes / 2) this.#ask()
  }

  /** Asks the disk now; `heard` when it has said how it is from now on. */
  lookNow(heard: () => void): void {
    this.#waiting.push(heard)
    if (!this.#asking) this.#ask()
  }

  #ask(): void {
    this.#asking = true
    const asked = this.#writer.bytesEver
    this.#askedAt = asked
    const waiting = this.#waiting
    this.#waiting = []
    this.#messenger.call(this.#disk, diskCalls.diskStatus, {}, (reply) => {
      this.#asking = false
      if (reply.status === 'ok') {
        this.free = reply.freeSegments
        this.#writer.saw(reply.lastPosition)
        // What was answered since we asked may not be in it.
        this.#heardAt = asked
      }
      for (const heard of waiting) heard()
      if (this.#waiting.length > 0 && !this.#asking) this.#ask()
    })
  }
}
