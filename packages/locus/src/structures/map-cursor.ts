/**
 * Where an iteration stands: a number that stays good while the map grows, and may be kept in a register.
 *
 * Read backwards, the low bits of its hashes make each bucket an interval, and splitting a bucket halves its interval. So
 * going through buckets in that order meets every entry that is there all the time exactly once.
 */
import { bitsOf, bucketOf } from './map-layout.js'

/** The bucket at the cursor, and the cursor behind it; null at the end. */
export function bucketAt(cursor: number, buckets: number): { bucket: number; next: number | null } {
  const bucket = bucketOf(reverseBits(cursor), buckets)
  const next = cursor + 2 ** (32 - bitsOf(bucket, buckets))
  return { bucket, next: next >= 2 ** 32 ? null : next }
}

/** The low hash bits of everything at the cursor. */
export function hashAt(cursor: number): number {
  return reverseBits(cursor)
}

function reverseBits(value: number): number {
  let v = value
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1)
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2)
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4)
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8)
  return (v >>> 16) | (v << 16)
}
