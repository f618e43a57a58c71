/**
 * Rebuilds versions from what the log held: pages are gathered, and a commit record whose count and sum agree makes a
 * version of them, or of the places that were listed for it. What no commit names never was; what a rollback note voids never was either.
 */
import { invariant } from '@katydid/actor'
import { asInterval, type StateInterval, type Token } from '@katydid/abi'
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

export class FoundContainer {
  size = 0
  /** Pages without a commit so far. */
  open: FoundPage[] = []
  /** Lists without a commit so far. */
  readonly lists = new Map<StateInterval, Map<number, PagePlace>>()
  /** What commits named, by interval; null: its pages did not agree with it. */
  readonly named = new Map<StateInterval, FoundVersion | null>()
  /** It went back to the empty container after its map was last made durable. */
  emptied = false
  /** Snapshots that are not retained any more. */
  readonly dropped: StateInterval[] = []
  /** What was last said of how many are retained; undefined: nothing. */
  retain: number | null | undefined

  /** From old to new. */
  get versions(): FoundVersion[] {
    const brokenAt = this.brokenAt ?? Infinity
    return [...this.named.values()]
      .filter((each) => each !== null)
      .filter(({ interval }) => interval < brokenAt)
      .toSorted((a, b) => a.interval - b.interval)
  }

  /** A version whose pages do not agree with its commit: it and every later one cannot be shown. */
  get brokenAt(): StateInterval | null {
    const broken = [...this.named].flatMap(([interval, found]) => (found === null ? interval : []))
    return broken.length === 0 ? null : asInterval(Math.min(...broken))
  }
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
      case 'places': {
        const list = (record.nth > 0 && found.lists.get(record.interval)) || new Map()
        for (const [page, place] of record.places) list.set(page, place)
        found.lists.set(record.interval, list)
        return
      }
      case 'adopted':
        found.size = record.size
        return
      case 'rolled back': {
        // Not all that is above: pages of one answer come before its records, and may be of the time after going back.
        const isVoid = (interval: StateInterval): boolean =>
          interval > record.interval && interval < record.open
        if (record.interval === 0 && this.#folded(record.token) < record.open) found.emptied = true
        found.open = found.open.filter((page) => !isVoid(page.stateInterval))
        for (const each of [found.named, found.lists])
          for (const interval of each.keys()) if (isVoid(interval)) each.delete(interval)
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
      found = new FoundContainer()
      this.containers.set(token, found)
    }
    return found
  }
}

type Commit = Extract<ManagerRecord, { what: 'commit' }>

/** What is before the scan's beginning may be missing: then the same version is named again, with a list, further on. */
function commit(found: FoundContainer, record: Commit): void {
  const { interval, takenMs, listed } = record
  const before = found.named.get(interval)
  const last = Math.max(0, ...found.named.keys())
  invariant(
    listed || before !== undefined || interval > last,
    'MG8: commits stand in the log in the order of their names',
    { interval, last },
  )
  const written = takeWritten(found, interval)
  const places = listed ? (found.lists.get(interval) ?? new Map<number, PagePlace>()) : written
  found.lists.delete(interval)
  let sum = 0
  for (const place of places.values()) sum = (sum + place.checksum) >>> 0
  if (places.size === record.count && sum === record.sum)
    found.named.set(interval, { interval, takenMs, places })
  // A commit that was tried again stands there twice.
  else if (before === undefined) found.named.set(interval, null)
}

/** Takes the pages that no commit has named yet and this one does, as they stand: the newest of each. */
function takeWritten(found: FoundContainer, interval: StateInterval): Map<number, PagePlace> {
  const mine = found.open.filter((page) => page.stateInterval <= interval)
  found.open = found.open.filter((page) => page.stateInterval > interval)
  const places = new Map<number, PagePlace>()
  // By interval first: a later interval's page may stand in the log before an earlier one's.
  for (const page of mine.toSorted((a, b) => a.stateInterval - b.stateInterval))
    places.set(page.page, { block: page.block, checksum: page.checksum })
  return places
}
