/**
 * How a vector lies in its heap: a header; a directory with one word a chunk, in segments that double and never move;
 * chunks of records. A record of up to 4 KiB lies within a page. Byte values lie in blocks of their own, and the
 * records say where.
 */
import { layout } from '@katydid/abi'
import { heapPageBytes } from './heap-layout.js'
import type { StructureKind } from './structure-head.js'

const locked = 'who holds the lock'

export const vectorHeader = layout('VectorHeader', 96, 'The first bytes of a vector.', {
  magic: { words: 1, writer: 'locus that makes it', doc: 'says that it is a vector' },
  layoutVersion: { words: 1, writer: 'locus that makes it', doc: 'of this layout' },
  lock: { words: 1, writer: 'any locus', doc: 'held by who changes it' },
  version: { words: 1, writer: locked, doc: 'odd while something changes' },
  recordBytes: { words: 1, writer: 'locus that makes it', doc: 'of each record; 0: byte values' },
  length: { words: 1, writer: locked, doc: 'elements there are' },
  reserved: { words: 2, writer: 'nobody', doc: '' },
  segments: { words: 16, writer: locked, doc: 'offsets of the directory’s segments; 0 none' },
})

export const vectorKind: StructureKind = {
  name: 'a vector',
  magic: 0x52544356,
  version: 1,
  bytes: vectorHeader.bytes,
}

/** Where a byte value is: offset of its block (0 for no bytes) and length. */
export const referenceBytes = 8

/** Chunks of the first segment; each further segment has as many as all before it. */
const firstSegment = 64

/** The segment that chunk `chunk` is in, the first chunk of that segment, and how many it has. */
export function segmentOf(chunk: number): { segment: number; first: number; chunks: number } {
  if (chunk < firstSegment) return { segment: 0, first: 0, chunks: firstSegment }
  const segment = 26 - Math.clz32(chunk)
  const first = firstSegment << (segment - 1)
  return { segment, first, chunks: first }
}

/** How records of `recordBytes` bytes are put into chunks. */
export function chunkShape(recordBytes: number): { records: number; bytes: number } {
  if (recordBytes > heapPageBytes) return { records: 1, bytes: recordBytes }
  return { records: Math.floor(heapPageBytes / recordBytes), bytes: heapPageBytes }
}
