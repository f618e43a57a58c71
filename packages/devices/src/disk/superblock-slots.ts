/** Reading the two superblocks, and making those of a new disk. */
import { diskVersion } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { BlockFile } from './block-file.js'
import { geometryProblem, type Geometry } from './geometry.js'
import { encodeHead } from './group-encode.js'
import { DiskOpenError } from './open-error.js'
import {
  decodeSuperblock,
  encodeSuperblock,
  freeBytes,
  slotOf,
  type DiskUuid,
  type SlotContent,
  type Superblock,
} from './superblock.js'

/** What a new disk is made of; the uuid comes from the caller, since randomness is an argument. */
export interface Format {
  readonly uuid: DiskUuid
  readonly segmentBlocks: number
  readonly capacity: number
}

/** The superblock that counts, and the scan position of each slot that holds one. */
export interface Slots {
  readonly newest: Superblock
  readonly scanPositions: readonly [number | null, number | null]
}

/**
 * Makes a disk in the file: two superblocks and an empty first group, so that a log is never empty. Throws what the file throws;
 * a format that was cut short is begun again by the next, as long as no superblock is there.
 */
export function formatDisk(file: BlockFile, format: Format): void {
  const geometry: Geometry = {
    blockBytes: file.blockBytes,
    segmentBlocks: format.segmentBlocks,
    capacity: format.capacity,
  }
  const problem = geometryProblem(geometry)
  if (problem !== null)
    throw new DiskOpenError('bad_argument', `The disk cannot be made: ${problem}.`)
  const first: Superblock = {
    geometry,
    uuid: format.uuid,
    sequence: 2,
    scanBlock: format.segmentBlocks,
    scanPosition: 1,
    scanPrevious: 0,
    opening: 0,
    openedPosition: 1,
    durable: 1,
    usedSegments: 2,
    owners: 0,
    pageOwners: 0,
    free: new Uint8Array(freeBytes(geometry)),
  }
  const head = {
    position: 1,
    durable: 0,
    opening: 0,
    nextSegment: 1,
    previous: 0,
    pages: [],
    records: [],
  }
  file.write(first.scanBlock, [encodeHead(file.blockBytes, format.uuid, head).bytes])
  // The group must be durable before a superblock says so, and one superblock before the other, so that no cut leaves none.
  file.sync()
  file.write(1, [encodeSuperblock({ ...first, sequence: 1 })])
  file.sync()
  file.write(0, [encodeSuperblock(first)])
  file.sync()
}

/** Reads both superblocks; null when the file is blank. Throws DiskOpenError when neither is one of ours. */
export function readSlots(file: BlockFile): Slots | null {
  const contents = [0, 1].map((slot) => readSlot(file, slot))
  const valid = contents.flatMap((content) =>
    content.kind === 'valid' ? [content.superblock] : [],
  )
  const newest = valid.reduce<Superblock | null>(
    (best, each) => (best === null || each.sequence > best.sequence ? each : best),
    null,
  )
  if (newest === null) {
    if (contents.every(({ kind }) => kind === 'blank')) return null
    throw refusal(contents)
  }
  const problem = geometryProblem(newest.geometry)
  invariant(problem === null, 'DK16: a superblock with a right checksum has a right geometry', {
    problem,
  })
  if (newest.geometry.blockBytes !== file.blockBytes)
    throw new DiskOpenError(
      'bad_argument',
      `The disk has blocks of ${newest.geometry.blockBytes} bytes, this machine pages of ${file.blockBytes}. Open it with the page size it was made with.`,
    )
  const scanOf = (slot: number): number | null =>
    valid.find((each) => slotOf(each) === slot)?.scanPosition ?? null
  return { newest, scanPositions: [scanOf(0), scanOf(1)] }
}

function readSlot(file: BlockFile, slot: number): SlotContent {
  const bytes = new Uint8Array(file.blockBytes)
  file.read(slot, bytes)
  const content = decodeSuperblock(bytes)
  // A superblock in the other's place was misdirected: it must not count for the place it destroyed.
  if (content.kind === 'valid' && slotOf(content.superblock) !== slot) return { kind: 'damaged' }
  return content
}

function refusal(contents: readonly SlotContent[]): DiskOpenError {
  const other = contents.find((content) => content.kind === 'other_version')
  invariant(contents.length === 2, 'DK16: a disk has two superblocks', { slots: contents.length })
  if (other?.kind === 'other_version')
    return new DiskOpenError(
      'world_version',
      `The disk was made in layout ${other.version}; this driver knows layout ${diskVersion}. Open it with the version of Katydid that made it.`,
    )
  return new DiskOpenError(
    'damaged',
    'Both superblocks of the disk are damaged, so the log cannot be found. Bring the file back from a copy; nothing was changed.',
  )
}
