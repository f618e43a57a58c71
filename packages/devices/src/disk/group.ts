/**
 * A group as a value: what one write appends to the log. It is there whole or not at all: its head carries a checksum of itself and of each
 * page, and the checksum of the group before it.
 */
import { descriptorWords, groupWords, recordHeadWords, type RecordKind } from '@katydid/abi'
import { invariant } from '@katydid/actor'

/** A page of a group: whose it is, what it is to its owner, and the checksum of its content. */
export interface PageDescriptor {
  readonly owner: number
  readonly cont: number
  readonly interval: number
  readonly page: number
  readonly checksum: number
}

export interface GroupRecord {
  readonly owner: number
  readonly kind: RecordKind
  readonly content: Uint8Array
}

export interface GroupHead {
  readonly position: number
  /** The last position known durable when it was written. */
  readonly durable: number
  readonly opening: number
  readonly nextSegment: number
  /** Checksum of the group before it; 0 before the first. */
  readonly previous: number
  readonly pages: readonly PageDescriptor[]
  readonly records: readonly GroupRecord[]
}

/** Bytes a record takes in a head. */
export const recordRoom = (contentBytes: number): number =>
  recordHeadWords.bytes + ((contentBytes + 7) & ~7)

/** Blocks of a head with so many pages and bytes of records. */
export function headBlocks(blockBytes: number, pages: number, recordBytes: number): number {
  invariant(recordBytes % 8 === 0, 'DK2: records are padded to 8 bytes', { recordBytes })
  return Math.ceil((groupWords.bytes + pages * descriptorWords.bytes + recordBytes) / blockBytes)
}

/** Blocks of a whole group. */
export const groupBlocks = (blockBytes: number, pages: number, recordBytes: number): number =>
  headBlocks(blockBytes, pages, recordBytes) + pages

/** Ports that wrote something in the group, as bits. */
export function ownersOf({ pages, records }: Pick<GroupHead, 'pages' | 'records'>): number {
  return ownerBits([...pages, ...records])
}

/** Ports that wrote pages in the group, as bits. */
export function pageOwnersOf({ pages }: Pick<GroupHead, 'pages'>): number {
  return ownerBits(pages)
}

function ownerBits(things: readonly { readonly owner: number }[]): number {
  return things.reduce((bits, { owner }) => {
    invariant(owner < 32, 'DK11: an owner is an actor’s port', { owner })
    return bits | (1 << owner)
  }, 0)
}
