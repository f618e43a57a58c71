/**
 * What one interval of one container changed: the open one, or a version that is not folded yet.
 *
 * `dirty` pages are in memory only; `places` are on the disk. A page can be in both: then memory is newer. A snapshot
 * turns the open delta into a version by naming it, whatever its size.
 */
import type { Frame, LogPosition, StateInterval } from '@katydid/abi'
import { asPosition } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PagePlace } from './place.js'

export class Delta {
  /** Its name; null while it is open. */
  interval: StateInterval | null = null
  /** When it was named, in milliseconds since 1970; 0: unknown. */
  takenMs = 0
  /** Pages whose newest content of this interval is in a frame and not being written. */
  readonly dirty = new Set<number>()
  /** Of these, the ones whose frame is no longer the live page's: a later write moved the page to a copy. */
  readonly kept = new Map<number, Frame>()
  readonly places = new Map<number, PagePlace>()
  /** Of pages being written, the frame that was sent last: an older one that is refused is not tried again. */
  readonly newest = new Map<number, Frame>()
  /** Pages being written. */
  writing = 0
  /** Descriptors do not say where its pages stand: its commit comes with a list. */
  mustList = false
  /** What the log has of it does not begin before this position. */
  from: LogPosition = asPosition(Number.MAX_SAFE_INTEGER)
  commit: 'none' | 'sent' | 'durable' = 'none'
  /** A commit record of it may stand in the log. */
  commitAttempted = false
  recoverable = false
  /** Rolled back or destroyed: what is still under way for it is thrown away. */
  dropped = false
  /** Why it could not be written; null while it can. */
  failure: string | null = null

  get isWritten(): boolean {
    return this.dirty.size === 0 && this.writing === 0
  }

  /** Something of it is about to be written at `position` or later. */
  began(position: LogPosition): void {
    invariant(
      position > 0 && !this.dropped,
      'MG13: what is written has a position, and somebody who wants it',
      { position },
    )
    if (position < this.from) this.from = position
  }

  /** All of it is listed from `position` on: nothing before is needed to know of it. */
  listedAt(position: LogPosition): void {
    invariant(
      position >= this.from && this.isWritten,
      'MG13: what is listed is written, and the log goes forward',
      { position, from: this.from },
    )
    this.from = position
  }

  close(interval: StateInterval): void {
    invariant(this.interval === null, 'SI2: an interval is closed once', {
      was: this.interval,
      interval,
    })
    this.interval = interval
  }

  /** Count and sum of checksums that its commit record carries. */
  total(): { count: number; sum: number } {
    invariant(this.isWritten, 'MG8: a version is summed up when all of it is written', {
      dirty: this.dirty.size,
    })
    let sum = 0
    for (const place of this.places.values()) sum = (sum + place.checksum) >>> 0
    return { count: this.places.size, sum }
  }
}
