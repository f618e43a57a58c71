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
  #askedAt = 0
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
    // What the disk keeps back, what one batch takes, and one for what goes on besides.
    this.tight =
      Math.max(2, status.segments >> 4) + Math.ceil(batchPages / (status.segmentBlocks - 1)) + 1
    this.low = Math.max(this.tight + 1, status.segments >> 2)
    invariant(this.low > this.tight, 'MG19: cleaning begins before pages must wait', {
      low: this.low,
      tight: this.tight,
    })
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
    this.#askedAt = this.#writer.bytesEver
    const waiting = this.#waiting
    this.#waiting = []
    this.#messenger.call(this.#disk, diskCalls.diskStatus, {}, (reply) => {
      this.#asking = false
      if (reply.status === 'ok') this.free = reply.freeSegments
      for (const heard of waiting) heard()
      if (this.#waiting.length > 0 && !this.#asking) this.#ask()
    })
  }
}
