/**
 * The superblock as a value and as bytes. Two stand in the file, written in turn; each is valid by itself or not at all, and of
 * two valid ones the higher sequence counts.
 */
import { diskMagic, diskVersion, superblockWords } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { checksum } from './checksum.js'
import type { Geometry } from './geometry.js'
import { StoredWords } from './stored-words.js'

/** Which disk: four words drawn at creation. */
export type DiskUuid = readonly [number, number, number, number]

export interface Superblock {
  readonly geometry: Geometry
  readonly uuid: DiskUuid
  readonly sequence: number
  readonly scanBlock: number
  readonly scanPosition: number
  readonly scanPrevious: number
  readonly opening: number
  readonly openedPosition: number
  readonly durable: number
  readonly usedSegments: number
  /** Ports that ever wrote, and those that ever wrote pages, as bits. */
  readonly owners: number
  readonly pageOwners: number
  /** Bit n of it: nobody needed segment n then, the scan begins behind it, and the log was elsewhere. As many bits as a block has room for. */
  readonly free: Uint8Array
}

/** What stands in a superblock's block: a superblock, nothing at all, something else, or one of another version. */
export type SlotContent =
  | { readonly kind: 'valid'; readonly superblock: Superblock }
  | { readonly kind: 'blank' | 'damaged' }
  | { readonly kind: 'other_version'; readonly version: number }

/** Bytes of the bits, behind the words, for a disk of this geometry. */
export const freeBytes = ({ blockBytes, capacity }: Geometry): number =>
  Math.min(blockBytes - superblockWords.bytes, Math.ceil(capacity / 8))

const sumBytes = superblockWords.at.checksum * 4

export const slotOf = (superblock: Superblock): number => superblock.sequence % 2

export function encodeSuperblock(of: Superblock): Uint8Array {
  invariant(of.scanPosition >= 1, 'DK10: a scan begins at a position', { ...of })
  invariant(
    of.scanPosition <= of.durable + 1,
    'DK10: a superblock relies only on what is durable',
    { ...of },
  )
  const bytes = new Uint8Array(of.geometry.blockBytes)
  const words = new StoredWords(superblockWords, bytes)
  words.setWord('magic', diskMagic.superblock)
  words.setWord('version', diskVersion)
  of.uuid.forEach((word, nth) => words.setWord('uuid', word, nth))
  words.setFloat('sequence', of.sequence)
  words.setWord('blockBytes', of.geometry.blockBytes)
  words.setWord('segmentBlocks', of.geometry.segmentBlocks)
  words.setWord('scanBlock', of.scanBlock)
  words.setWord('scanPrevious', of.scanPrevious)
  words.setFloat('scanPosition', of.scanPosition)
  words.setWord('capacity', of.geometry.capacity)
  words.setWord('opening', of.opening)
  words.setFloat('openedPosition', of.openedPosition)
  words.setFloat('durable', of.durable)
  words.setWord('usedSegments', of.usedSegments)
  words.setWord('owners', of.owners)
  words.setWord('pageOwners', of.pageOwners)
  invariant(
    of.free.length === freeBytes(of.geometry),
    'DK30: a superblock says of as many segments as it can whether they are free',
    { bytes: of.free.length },
  )
  bytes.set(of.free, superblockWords.bytes)
  words.setWord('freeSum', checksum(of.free))
  words.setWord('checksum', checksum(bytes.subarray(0, sumBytes)))
  return bytes
}

export function decodeSuperblock(bytes: Uint8Array): SlotContent {
  const words = new StoredWords(superblockWords, bytes)
  if (words.word('checksum') !== checksum(bytes.subarray(0, sumBytes)))
    return { kind: bytes.every((byte) => byte === 0) ? 'blank' : 'damaged' }
  if (words.word('magic') !== diskMagic.superblock) return { kind: 'damaged' }
  const version = words.word('version')
  if (version !== diskVersion) return { kind: 'other_version', version }
  const geometry = {
    blockBytes: words.word('blockBytes'),
    segmentBlocks: words.word('segmentBlocks'),
    capacity: words.word('capacity'),
  }
  // The words are one sector, the bits may be others, which a cut can have left as they were.
  const free = bytes.slice(superblockWords.bytes, superblockWords.bytes + freeBytes(geometry))
  if (free.length === freeBytes(geometry) && words.word('freeSum') !== checksum(free))
    return { kind: 'damaged' }
  return {
    kind: 'valid',
    superblock: {
      geometry,
      free,
      uuid: [0, 1, 2, 3].map((nth) => words.word('uuid', nth)) as unknown as DiskUuid,
      sequence: words.float('sequence'),
      scanBlock: words.word('scanBlock'),
      scanPosition: words.float('scanPosition'),
      scanPrevious: words.word('scanPrevious'),
      opening: words.word('opening'),
      openedPosition: words.float('openedPosition'),
      durable: words.float('durable'),
      usedSegments: words.word('usedSegments'),
      owners: words.word('owners'),
      pageOwners: words.word('pageOwners'),
    },
  }
}
