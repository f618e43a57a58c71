/** The one checksum of stored bytes: CRC-32, unsigned; parts may be summed one behind the other. */
import { crc32 } from '@node-rs/crc32'

/** `before` is the sum of the bytes before these; 0 for none. */
export function checksum(bytes: Uint8Array, before = 0): number {
  return crc32(bytes, before) >>> 0
}
