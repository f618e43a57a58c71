/**
 * Rebuilds versions from what the log held: pages are gathered, and a commit record whose count and sum agree makes a
 * version of them. What no commit names never was; what a rollback note voids never was either.
 */
import { invariant } from '@katydid/actor'
import type { StateInterval, Token } from '@katydid/abi'
import type { ManagerRecord } from './log-records.js'
import type { PagePlace } from './place.js'

export interface FoundPage extends PagePlace {
  readonly cont: Token
  readonly stateInterval: StateInterval
  readonly page: number
}

export interface FoundVersion {
  readonly interval: StateInterval
  readonly takenMs: number
  readonly places: Map<number, PagePlace>
}

export interface FoundContainer {
  size: number
  /** Pages without a commit so far. */
  open: FoundPage[]
  versions: FoundVersion[]
  /** A version whose pages do not agree with its commit: it and every later one cannot be shown. */
  brokenAt: StateInterval | null
  /** It went back to the empty container after its map was last made durable. */
  emptied: boolean
  /** Snapshots that are not retained any more. */
  readonly dropped: StateInterval[]
  /** What was last said of how many are retained; undefined: nothing. */
  retain: number | null | undefined
}

export class LogReplay {
  readonly containers = new Map<Token, FoundContainer>()
  readonly destroyed = new Set<Token>()
  readonly #folded: (token: Token) => StateInterval

  /** `folded`: the interval a container's map shows already; what is not newer is passed over. */
  constructor(folded: (token: Token) => StateInterval) {
    this.#folded = folded
  }

  page(page: FoundPage): void {
    invariant(page.block > 0, 'MG8: a page found in the log has a block', { page: page.page })
    if (page.stateInterval > this.#folded(page.cont)) this.#of(page.cont).open.push(page)
  }

  record(record: ManagerRecord): void {
    const found = this.#of(record.token)
    switch (record.what) {
      case 'commit':
        if (record.interval > this.#folded(record.token)) commit(found, record)
        return
      case 'adopted':
        found.size = record.size
        return
      case 'rolled back': {
        // Not all that is above: pages of one answer come before its records, and may be of the time after going back.
        const isVoid = (interval: StateInterval): boolean =>
          interval > record.interval && interval < record.open
        if (record.interval === 0 && this.#folded(record.token) < record.open) found.emptied = true
        found.open = found.open.filter((page) => !isVoid(page.stateInterval))
        found.versions = found.versions.filter((version) => !isVoid(version.interval))
        if (found.brokenAt !== null && isVoid(found.brokenAt)) found.brokenAt = null
        return
      }
      case 'destroyed':
        this.containers.delete(record.token)
        this.destroyed.add(record.token)
        return
      case 'dropped':
        found.dropped.push(record.interval)
        return
      case 'retain':
        found.retain = record.count
    }
  }

  #of(token: Token): FoundContainer {
    let found = this.containers.get(token)
    if (found === undefined) {
      found = {
        size: 0,
        open: [],
        versions: [],
        brokenAt: null,
        emptied: false,
        dropped: [],
        retain: undefined,
      }
      this.containers.set(token, found)
    }
    return found
  }
}

function commit(
  found: FoundContainer,
  record: {
    readonly interval: StateInterval
    readonly count: number
    readonly sum: number
    readonly takenMs: number
  },
): void {
  const { interval, takenMs } = record
  // A commit that was tried again stands there twice.
  if (found.versions.some((version) => version.interval === interval)) return
  const last = found.versions.at(-1)?.interval ?? 0
  invariant(interval > last, 'MG8: commits stand in the log in the order of their names', {
    interval,
    last,
  })
  const mine = found.open.filter((page) => page.stateInterval <= interval)
  found.open = found.open.filter((page) => page.stateInterval > interval)
  const places = new Map<number, PagePlace>()
  // By interval first: a later interval's page may stand in the log before an earlier one's.
  for (const page of mine.toSorted((a, b) => a.stateInterval - b.stateInterval))
    places.set(page.page, { block: page.block, checksum: page.checksum })
  let sum = 0
  for (const place of places.values()) sum = (sum + place.checksum) >>> 0
  const isWhole = places.size === record.count && sum === record.sum
  if (isWhole && found.brokenAt === null) found.versions.push({ interval, takenMs, places })
  else found.brokenAt ??= interval
}
