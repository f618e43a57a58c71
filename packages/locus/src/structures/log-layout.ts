/**
 * How an append log lies in its heap: a header, a ring of words that says where each chunk is, chunks of 16 KiB.
 *
 * A position is the number of bytes appended before it, heads and padding included; it is never used twice. Chunk n holds
 * the positions from n × 16 KiB on, so an entry may lie in several. An entry's head says how long it is, and carries a tag made
 * of its position: a position at which no entry begins is told from one at which one does.
 */
import { layout } from '@katydid/abi'
import type { StructureKind } from './structure-head.js'

const locked = 'who holds the lock'

export const logHeader = layout('LogHeader', 64, 'The first bytes of an append log.', {
  magic: { words: 1, writer: 'locus that makes it', doc: 'says that it is a log' },
  layoutVersion: { words: 1, writer: 'locus that makes it', doc: 'of this layout' },
  lock: { words: 1, writer: 'any locus', doc: 'held by who appends or trims' },
  version: { words: 1, writer: locked, doc: 'odd while something changes' },
  first: { words: 2, writer: locked, doc: 'float 64: position of the first entry kept' },
  next: { words: 2, writer: locked, doc: 'float 64: position of the next entry' },
  ring: { words: 1, writer: locked, doc: 'offset of the ring; 0 none' },
  ringChunks: { words: 1, writer: locked, doc: 'words of the ring, a power of two' },
  reserved: { words: 6, writer: 'nobody', doc: '' },
})

export const logKind: StructureKind = {
  name: 'an append log',
  magic: 0x474f4c41,
  version: 1,
  bytes: logHeader.bytes,
}

export const logChunkBytes = 16_384
export const leastRing = 16
/** Length and tag. */
export const logHead = 8

export const chunkOf = (position: number): number => Math.floor(position / logChunkBytes)

/** Bytes that an entry of `length` bytes takes. */
export const logEntryBytes = (length: number): number => logHead + Math.ceil(length / 8) * 8

/** What the second word of an entry's head holds. */
export function tagOf(position: number, length: number): number {
  return Math.imul((position / 8) | 0, 0x9e3779b1) ^ Math.imul(length, 0x85ebca6b) ^ 0x454e5452
}
