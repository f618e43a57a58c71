/**
 * What the log holds, by owner and in log order: found at the opening or written since. Kept in memory from the oldest position that
 * anybody still needs, so that an owner that starts again while the disk runs on finds everything.
 */
import {
  asBlock,
  asInterval,
  asPosition,
  asToken,
  type diskCalls,
  type ResultOf,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { GroupRecord, PageDescriptor } from './group.js'

/** A group of the log, as far as it is needed again. */
export interface HeldGroup {
  readonly position: number
  /** The block of its head. */
  readonly block: number
  readonly firstPage: number
  readonly previous: number
  readonly pages: readonly PageDescriptor[]
  readonly records: readonly GroupRecord[]
}

export type Scanned = ResultOf<typeof diskCalls.diskScan>

/** An answer carries about this many bytes at the most, but always one thing. */
const answerBytes = 256 * 1024
const pageAnswerBytes = 48
/** A cursor is position × this + the number of pages and records of that group before it. */
const cursorStep = 2 ** 20

export class Holdings {
  #groups: HeldGroup[] = []

  /** Takes in the next group of the log. */
  add(group: HeldGroup): void {
    const last = this.#groups.at(-1)
    invariant(
      last === undefined || group.position === last.position + 1,
      'DK11: the log is held in order',
      {
        position: group.position,
        last: last?.position,
      },
    )
    this.#groups.push(group)
  }

  /** The position of the oldest group that is held; 1 when nothing is. */
  get first(): number {
    return this.#groups[0]?.position ?? 1
  }

  /** The group at `position`, which nobody has given up yet. */
  at(position: number): HeldGroup {
    const first = this.#groups[0]?.position ?? 0
    const group = this.#groups[position - first]
    invariant(group !== undefined, 'DK10: a position that is needed is held', { position, first })
    return group
  }

  /** Lets go of everything before `position`. */
  forgetBefore(position: number): void {
    const first = this.#groups[0]?.position ?? position
    invariant(position <= first + this.#groups.length, 'DK10: only what was written is given up', {
      position,
      first,
    })
    if (position > first) this.#groups = this.#groups.slice(position - first)
  }

  /** What `owner` wrote from position `from` on: see `disk_scan`. */
  scan(owner: number, from: number, cursor: number, limit: number): Scanned {
    invariant(limit >= 1, 'DK11: a scan asks for something', { limit })
    const start = cursor === 0 ? from : Math.floor(cursor / cursorStep)
    let skip = cursor === 0 ? 0 : cursor % cursorStep
    const first = this.#groups[0]?.position ?? 0
    const answer = new ScanAnswer(owner, limit)
    for (let nth = Math.max(0, start - first); nth < this.#groups.length; nth++) {
      const group = this.#groups[nth]!
      const stopped = answer.take(group, group.position === start ? skip : 0)
      if (stopped !== null) return answer.result(group.position * cursorStep + stopped)
      skip = 0
    }
    return answer.result(null)
  }
}

/** One answer as it fills. */
class ScanAnswer {
  readonly #owner: number
  readonly #limit: number
  readonly #pages: Scanned['pages'][number][] = []
  readonly #records: Scanned['records'][number][] = []
  #bytes = 0

  constructor(owner: number, limit: number) {
    this.#owner = owner
    this.#limit = limit
  }

  /** Takes the owner's things of the group, the first `skip` of the group left out; the number of the one that did not fit, or null. */
  take(group: HeldGroup, skip: number): number | null {
    const things = group.pages.length + group.records.length
    invariant(things < cursorStep, 'DK11: a cursor can name each thing of a group', { things })
    for (let nth = skip; nth < things; nth++) {
      const page = group.pages[nth]
      const record = page === undefined ? group.records[nth - group.pages.length]! : null
      if ((page ?? record)!.owner !== this.#owner) continue
      const bytes = record === null ? pageAnswerBytes : record.content.length + pageAnswerBytes
      if (this.#isFull(bytes)) return nth
      this.#bytes += bytes
      if (page !== undefined) this.#pages.push(foundPage(page, group.firstPage + nth))
      else
        this.#records.push({
          kind: record!.kind,
          position: asPosition(group.position),
          content: record!.content,
        })
    }
    return null
  }

  result(next: number | null): Scanned {
    return { pages: this.#pages, records: this.#records, next }
  }

  #isFull(bytes: number): boolean {
    const things = this.#pages.length + this.#records.length
    return things >= this.#limit || (things > 0 && this.#bytes + bytes > answerBytes)
  }
}

function foundPage(page: PageDescriptor, block: number): Scanned['pages'][number] {
  invariant(block > 0, 'DK11: block 0 means none', { block })
  return {
    cont: asToken(page.cont),
    stateInterval: asInterval(page.interval),
    page: page.page,
    block: asBlock(block),
    checksum: page.checksum,
  }
}
