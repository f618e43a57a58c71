/**
 * Lists of places: where the pages of a version stand, written at the log's end, so that no start needs their descriptors and the log from
 * before is held by nobody. A list is some hundredth of what it names.
 *
 * Written with the commit of a version of which a start may not read all descriptors any more, or of which pages were moved; and again,
 * before our root page, for versions that wait for long to be folded.
 */
import type { Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Delta } from '../paging/delta.js'
import type { LogRecord } from '../paging/disk-writer.js'
import type { PagePlace } from '../paging/place.js'
import type { Context } from './context.js'
import { writeRecord } from './log-records.js'

/** Places in one record: with its head it takes a block. */
const placesOfRecord = 200
/** Records in one write. */
const recordsOfWrite = 16
/** A list is written anew when so many groups could be given up, and at least so many times the groups that it takes. */
const leastGain = 64
const gainShare = 4

/** The commit record of a version that is written. */
export function commitRecord(token: Token, version: Delta, listed: boolean): LogRecord {
  const { interval, takenMs } = version
  invariant(interval !== null, 'MG8: what is committed has a name', { token })
  const total = version.total()
  return writeRecord({ what: 'commit', token, interval, ...total, takenMs, listed })
}

/** The list, in as many writes as it takes. */
export function listOf(token: Token, { interval, places }: Delta): LogRecord[][] {
  invariant(interval !== null, 'MG141: what is listed has a name', { token })
  const all: (readonly [number, PagePlace])[] = [...places]
  const writes: LogRecord[][] = []
  for (let nth = 0; nth * placesOfRecord < all.length; nth++) {
    const part = all.slice(nth * placesOfRecord, (nth + 1) * placesOfRecord)
    const record = writeRecord({ what: 'places', token, interval, nth, places: part })
    if (nth % recordsOfWrite === 0) writes.push([])
    writes.at(-1)!.push(record)
  }
  return writes
}

/**
 * Before a root page: versions that are not folded and hold much of the log, or of which pages were moved, are listed and committed anew. Answers
 * false when one of which pages were moved could not be: then no block may be given up yet.
 */
export function listAnew(context: Context): boolean {
  const { writer, containers, pageBytes } = context
  for (const container of containers.values())
    for (const version of container.versions) {
      if (version.commit !== 'durable') continue
      if (!version.mustList && !isWorthwhile(writer.next - version.from, version)) continue
      const at = writer.next
      const commit = commitRecord(container.token, version, true)
      const writes = [...listOf(container.token, version), [commit]]
      const done = writes.every((each) => writer.writeNow([], pageBytes, each).status === 'ok')
      if (done) {
        version.listedAt(at)
        version.mustList = false
      } else if (version.mustList) return false
    }
  return true
}

const isWorthwhile = (gain: number, { places }: Delta): boolean =>
  gain > Math.max(leastGain, gainShare * Math.ceil(places.size / placesOfRecord))
