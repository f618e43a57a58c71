/** Reads one block of a disk on the thread that needs it, through the descriptor the disk has published, and checks it. */
import { readSync } from 'node:fs'
import { crc32 } from '@node-rs/crc32'
import type { DiskBlock, Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'

/** CRC-32 of the bytes, unsigned. Shared memory may change while it runs: the bytes must stand still. */
export function checksum(bytes: Uint8Array): number {
  return crc32(bytes) >>> 0
}

/** Fills `into` from `block` (in units of `into`'s length). `io_error`: the read failed or was cut. `checksum_mismatch`: the block is damaged. */
export function readBlock(
  fd: number,
  block: DiskBlock,
  into: Uint8Array,
  expected: number,
): Status {
  invariant(block > 0, 'DK1: block 0 means none and is never read', { block })
  try {
    const got = readSync(fd, into, 0, into.length, block * into.length)
    if (got !== into.length) return 'io_error'
  } catch {
    return 'io_error'
  }
  return checksum(into) === expected ? 'ok' : 'checksum_mismatch'
}
