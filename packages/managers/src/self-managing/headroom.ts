/**
 * How much may still be written before the disk is full, and what follows from it. Arithmetic on figures that somebody else
 * gathered; it asks nobody and changes nothing.
 *
 * What is dirty in memory is room spoken for: sooner or later it is written, by eviction or with a snapshot. Headroom is what is left
 * beyond that, beyond the pages of our own that a snapshot changes, and beyond what the disk keeps for records.
 */
import { invariant } from '@katydid/actor'

/** In blocks of the disk, which are pages. */
export interface Room {
  /** What pages from frames may still take. */
  readonly free: number
  /** Pages that are in memory only, or on their way to the disk. */
  readonly unwritten: number
  /** Pages of our own container. */
  readonly own: number
}

/** Below this share of the disk headroom is short, but not above so many blocks: a large disk needs no more than a small one to react. */
const softShare = 16
const softMost = 16_384
/** Pages that share the head of a group, about. */
const pagesOfHead = 32
/** The longest that a writer is held: far less than a manager may be silent over a fault, so that it never looks dead. */
export const longestHoldMs = 1_000

/** Headroom below this is short. */
export const softLimit = (blocks: number): number =>
  Math.min(softMost, Math.floor(blocks / softShare))

/** Blocks that can be written beyond what is spoken for; negative when not even that has room. */
export function headroom({ free, unwritten, own }: Room): number {
  invariant(unwritten >= 0 && own >= 0, 'MG80: what is to be written is counted', {
    unwritten,
    own,
  })
  return free - unwritten - Math.ceil(unwritten / pagesOfHead) - own
}

/** Milliseconds that a fault which makes a page dirty is held: none at the soft limit, more and more towards none left. */
export function holdMs(left: number, soft: number): number {
  if (left >= soft) return 0
  const short = 1 - Math.max(0, left) / soft
  return Math.ceil(longestHoldMs * short * short)
}
