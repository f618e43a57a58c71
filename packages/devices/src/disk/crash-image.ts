/**
 * What a power cut can leave in a file: all that a completed barrier covers, and of every later write any subset of its 512-byte sectors.
 */
import { invariant } from '@katydid/actor'
import type { JournalEntry } from './journal.js'

const sectorBytes = 512

/** One sector of a write that no barrier has covered. */
export interface Sector {
  readonly at: number
  readonly bytes: Uint8Array
}

/** A power cut after the first entries of a journal. */
export interface PowerCut {
  /** The file as the last completed barrier left it. */
  readonly durable: Uint8Array
  /** What may be there or not, in the order written. */
  readonly sectors: readonly Sector[]
}

/** The power fails after `upTo` entries; `base` is what the file held before the first. */
export function powerCut(
  base: Uint8Array,
  entries: readonly JournalEntry[],
  upTo = entries.length,
): PowerCut {
  const there = entries.slice(0, upTo)
  const covered = there.reduce(
    (most, entry) => (entry.kind === 'sync' ? Math.max(most, entry.covers) : most),
    0,
  )
  invariant(covered <= there.length, 'DK18: a barrier covers what came before it', {
    covered,
    upTo,
  })
  const writes = there.map((entry, nth) => ({ entry, isDurable: nth < covered }))
  const durable = writes.flatMap(({ entry, isDurable }) => (isDurable ? sectorsOf(entry) : []))
  const sectors = writes.flatMap(({ entry, isDurable }) => (isDurable ? [] : sectorsOf(entry)))
  return { durable: applied(base, durable), sectors }
}

/** The file after the cut, with the sectors for which `isThere` says so. */
export function crashImage(cut: PowerCut, isThere: (nth: number) => boolean): Uint8Array {
  return applied(
    cut.durable,
    cut.sectors.filter((_, nth) => isThere(nth)),
  )
}

function sectorsOf(entry: JournalEntry): Sector[] {
  if (entry.kind !== 'write') return []
  const count = Math.ceil(entry.bytes.length / sectorBytes)
  return Array.from({ length: count }, (_, nth) => ({
    at: entry.at + nth * sectorBytes,
    bytes: entry.bytes.subarray(nth * sectorBytes, (nth + 1) * sectorBytes),
  }))
}

function applied(base: Uint8Array, sectors: readonly Sector[]): Uint8Array {
  const end = sectors.reduce(
    (most, { at, bytes }) => Math.max(most, at + bytes.length),
    base.length,
  )
  const image = new Uint8Array(end)
  image.set(base)
  for (const { at, bytes } of sectors) {
    invariant(at + bytes.length <= end, 'DK18: a sector lies in the file', { at, end })
    image.set(bytes, at)
  }
  return image
}
