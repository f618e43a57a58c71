/**
 * The manager's own records in the log. `commit`: a version is complete. `places`: where its pages stand, when a start may not find
 * their descriptors any more. Notes: a container was adopted, rolled back or
 * destroyed, how many of its snapshots are retained, and which are not any more. The log is kept as a prefix, so a note needs no barrier: nothing behind it survives without it.
 */
import {
  asBlock,
  asInterval,
  asToken,
  type RecordKind,
  type StateInterval,
  type Token,
} from '@katydid/abi'
import { invariant, packValue, unpackValue, unreachable } from '@katydid/actor'
import type { LogRecord } from '../paging/disk-writer.js'
import type { PagePlace } from '../paging/place.js'

export type ManagerRecord =
  | {
      readonly what: 'commit'
      readonly token: Token
      readonly interval: StateInterval
      readonly count: number
      readonly sum: number
      /** In milliseconds since 1970; 0: unknown. */
      readonly takenMs: number
      /** Its pages are those that `places` records before it name, whatever descriptors there are. */
      readonly listed: boolean
    }
  | {
      readonly what: 'places'
      readonly token: Token
      readonly interval: StateInterval
      /** Which of the list's records it is; with 0 a new list begins. */
      readonly nth: number
      readonly places: readonly (readonly [page: number, place: PagePlace])[]
    }
  | { readonly what: 'adopted'; readonly token: Token; readonly size: number }
  | {
      /** Whatever the log holds of intervals above `interval` and below `open` is void. */
      readonly what: 'rolled back'
      readonly token: Token
      readonly interval: StateInterval
      readonly open: StateInterval
    }
  | { readonly what: 'destroyed'; readonly token: Token }
  /** That retained snapshot is given up. */
  | { readonly what: 'dropped'; readonly token: Token; readonly interval: StateInterval }
  /** So many are retained from now on; null: as many as the world says. */
  | { readonly what: 'retain'; readonly token: Token; readonly count: number | null }

const kinds = {
  commit: 0,
  adopted: 1,
  'rolled back': 2,
  destroyed: 3,
  dropped: 4,
  retain: 5,
  places: 6,
} as const

export function writeRecord(record: ManagerRecord): LogRecord {
  invariant(record.token > 0, 'MG1: a record is of a container', { record })
  return {
    kind: record.what === 'commit' ? 'commit' : 'note',
    content: packValue([kinds[record.what], record.token, ...numbersOf(record)]),
  }
}

function numbersOf(record: ManagerRecord): number[] {
  switch (record.what) {
    case 'commit':
      return [record.interval, record.count, record.sum, record.takenMs, record.listed ? 1 : 0]
    case 'places':
      return [
        record.interval,
        record.nth,
        ...record.places.flatMap(([page, { block, checksum }]) => [page, block, checksum]),
      ]
    case 'adopted':
      return [record.size]
    case 'rolled back':
      return [record.interval, record.open]
    case 'destroyed':
      return []
    case 'dropped':
      return [record.interval]
    case 'retain':
      return [record.count ?? -1]
    default:
      return unreachable(record)
  }
}

function placesIn(numbers: readonly number[]): [number, PagePlace][] {
  return Array.from({ length: Math.floor(numbers.length / 3) }, (_, nth) => [
    numbers[nth * 3]!,
    { block: asBlock(numbers[nth * 3 + 1]!), checksum: numbers[nth * 3 + 2]! },
  ])
}

/** The record in `content`; null when it is none of ours. */
export function readRecord(kind: RecordKind, content: Uint8Array): ManagerRecord | null {
  if (kind !== 'commit' && kind !== 'note') return null
  const value = unpackValue(content)
  if (!Array.isArray(value)) return null
  const list: readonly unknown[] = value
  const at = (index: number): number => Number(list[index])
  if (!list.every((each) => typeof each === 'number')) return null
  const token = asToken(at(1))
  switch (at(0)) {
    case kinds.commit:
      return {
        what: 'commit',
        token,
        interval: asInterval(at(2)),
        count: at(3),
        sum: at(4),
        takenMs: at(5),
        listed: at(6) === 1,
      }
    case kinds.places:
      return {
        what: 'places',
        token,
        interval: asInterval(at(2)),
        nth: at(3),
        places: placesIn(list.slice(4).map(Number)),
      }
    case kinds.adopted:
      return { what: 'adopted', token, size: at(2) }
    case kinds['rolled back']:
      return { what: 'rolled back', token, interval: asInterval(at(2)), open: asInterval(at(3)) }
    case kinds.destroyed:
      return { what: 'destroyed', token }
    case kinds.dropped:
      return { what: 'dropped', token, interval: asInterval(at(2)) }
    case kinds.retain:
      return { what: 'retain', token, count: at(2) < 0 ? null : at(2) }
    default:
      return null
  }
}
