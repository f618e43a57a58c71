/**
 * How a map lies in its heap: one page with header and stripes; a directory of slots, in segments that double and never
 * move; for each bucket one chunk with all its entries, key and value, one behind the other. A chunk of up to 4 KiB
 * lies within a page, so that an operation touches the header's page, one page of the directory and one with entries.
 */
import { layout } from '@katydid/abi'

export const mapMagic = 0x50414d53
export const mapVersion = 1
export const stripeCount = 64
/** Bytes of entries a bucket has on average before the map grows by a bucket. */
export const bucketBytes = 512

export const mapHeader = layout('MapHeader', 256, 'The first bytes of a map.', {
  magic: { words: 1, writer: 'locus that makes it', doc: 'says that it is a map' },
  version: { words: 1, writer: 'locus that makes it', doc: 'of this layout' },
  growLock: { words: 1, writer: 'any locus', doc: 'held by who adds a bucket' },
  buckets: {
    words: 1,
    writer: 'who adds a bucket',
    doc: 'how many there are; says where a hash belongs',
  },
  reserved: { words: 28, writer: 'nobody', doc: '' },
  segments: { words: 32, writer: 'who adds a bucket', doc: 'offsets of the directory’s segments' },
})

export const mapStripe = layout('MapStripe', 32, 'One of 64, behind the header.', {
  lock: { words: 1, writer: 'any locus', doc: 'of all buckets with these low six bits' },
  entries: { words: 1, writer: 'who holds the lock', doc: 'entries in its buckets' },
  bytes: { words: 1, writer: 'who holds the lock', doc: 'bytes of entries in its buckets' },
  reserved: { words: 5, writer: 'nobody', doc: '' },
})

export const mapBytes = mapHeader.bytes + stripeCount * mapStripe.bytes

/** A chunk: bytes in use (with this head), bytes there are, entries. */
export const chunkHead = 8
/** An entry: hash, key length and value length in one word, key, value; both padded to words. */
export const entryHead = 8
/** The key's length stands above bit 20, the value's below. */
export const keyShift = 20
export const valueMask = 0xfffff

export const padded = (length: number): number => (length + 3) & ~3

/** The bucket of a hash in a map of `buckets` buckets (linear hashing: those not yet split use one bit less). */
export function bucketOf(hash: number, buckets: number): number {
  const mask = buckets === 1 ? 0 : -1 >>> Math.clz32(buckets - 1)
  const bucket = hash & mask
  return bucket < buckets ? bucket : bucket & (mask >>> 1)
}

/** How many low bits of a hash bucket `bucket` stands for. */
export function bitsOf(bucket: number, buckets: number): number {
  const bits = 32 - Math.clz32(buckets - 1)
  const upper = 1 << (bits - 1)
  return (bucket & upper) !== 0 || bucket + upper < buckets ? bits : bits - 1
}
