/**
 * Opening a disk: superblocks, scan, damage; then everything found is made durable, and a new opening begins.
 *
 * The order matters. A killed process leaves writes that only the cache has, so what the scan found must be made durable before
 * anybody, a superblock included, relies on it.
 */
import { invariant } from '@katydid/actor'
import { asFault, FileFault, type BlockFile } from './block-file.js'
import { findDamage } from './damage.js'
import { noSegment, segmentOf, type Geometry } from './geometry.js'
import { encodeHead } from './group-encode.js'
import { ownersOf, pageOwnersOf, type GroupHead } from './group.js'
import { DiskOpenError } from './open-error.js'
import { blockBehind, scanLog, type FoundGroup } from './scan.js'
import { encodeSuperblock, slotOf, type Superblock } from './superblock.js'
import { formatDisk, readSlots, type Format, type Slots } from './superblock-slots.js'

/** An opened disk, as the core takes it over. */
export interface OpenedDisk {
  readonly superblock: Superblock
  /** Where the scans of slots 0 and 1 begin; a segment is used anew only behind both. */
  readonly scanPositions: readonly [number, number]
  /** The log, oldest first; never empty. */
  readonly groups: readonly FoundGroup[]
  /** Segments from this number on were never written. */
  readonly usedSegments: number
  /** What was lost, as a sentence; null when nothing durable is missing. */
  readonly damage: string | null
}

/** Opens the disk in `file`; a blank file is formatted when `format` is given. Throws DiskOpenError. */
export function openDisk(file: BlockFile, format: Format | null): OpenedDisk {
  try {
    let slots = readSlots(file)
    if (slots === null) {
      if (format === null)
        throw new DiskOpenError(
          'damaged',
          'The disk’s file is blank: there is no disk in it. Bring it back from a copy, or make a new world.',
        )
      formatDisk(file, format)
      slots = readSlots(file)
    }
    invariant(slots !== null, 'DK16: a disk just formatted has a superblock')
    return begin(file, slots)
  } catch (error) {
    if (!(error instanceof FileFault)) throw error
    const fault = asFault(error, 'opening')
    throw new DiskOpenError(
      'io_error',
      `The disk could not be opened, ${fault.message}. See to the device and open it again.`,
    )
  }
}

function begin(file: BlockFile, slots: Slots): OpenedDisk {
  const old = slots.newest
  const found = scanLog(file, old)
  const damage = findDamage(file, old, found)
  const opening = Math.max(old.opening, found.at(-1)?.head.opening ?? 0) + 1
  const groups = found.length > 0 ? found : [refound(file, old, opening)]
  const last = groups.at(-1)!.head
  const usedSegments = groups.reduce(
    (most, group) => Math.max(most, usedBy(old.geometry, group)),
    old.usedSegments,
  )
  file.sync()
  const superblock: Superblock = {
    ...old,
    sequence: old.sequence + 1,
    opening,
    openedPosition: last.position + 1,
    durable: last.position,
    usedSegments,
    owners: groups.reduce((owners, { head }) => owners | ownersOf(head), old.owners),
    pageOwners: groups.reduce((owners, { head }) => owners | pageOwnersOf(head), old.pageOwners),
  }
  invariant(superblock.opening > old.opening, 'DK14: every opening has a number of its own', {
    opening,
  })
  file.write(slotOf(superblock), [encodeSuperblock(superblock)])
  file.sync()
  const scanPositions = [0, 1].map(
    (slot) => (slot === slotOf(superblock) ? superblock : old).scanPosition,
  )
  return {
    superblock,
    scanPositions: scanPositions as [number, number],
    groups,
    usedSegments,
    damage,
  }
}

/** The first group to be scanned is gone: an empty one takes its place, so that the log goes on from there. */
function refound(file: BlockFile, old: Superblock, opening: number): FoundGroup {
  const head: GroupHead = {
    position: old.scanPosition,
    durable: old.scanPosition - 1,
    opening,
    nextSegment: old.usedSegments,
    previous: old.scanPrevious,
    pages: [],
    records: [],
  }
  if (head.nextSegment >= old.geometry.capacity)
    throw new DiskOpenError(
      'damaged',
      `The log is damaged at block ${old.scanBlock}, where it begins, and no segment was never used, so it cannot be begun anew. Bring the file back from a copy; nothing was changed.`,
    )
  const { bytes, checksum } = encodeHead(file.blockBytes, old.uuid, head)
  invariant(bytes.length === file.blockBytes, 'DK4: an empty group takes one block', {
    length: bytes.length,
  })
  file.write(old.scanBlock, [bytes])
  return { block: old.scanBlock, head: { ...head, checksum, headBlocks: 1 } }
}

function usedBy(geometry: Geometry, group: FoundGroup): number {
  invariant(group.head.nextSegment !== noSegment, 'DK2: every group names a next segment', {
    block: blockBehind(group),
  })
  return 1 + Math.max(segmentOf(geometry, group.block), group.head.nextSegment)
}
