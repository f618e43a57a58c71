/** What stands in a disk's file: two superblocks, then segments of blocks; in them groups, one behind the other. */
import { layout } from '../layout.js'

export const diskMagic = { superblock: 0x4b44534b, group: 0x4b444752 } as const
export const diskVersion = 1

export const superblockWords = layout(
  'SuperblockWords',
  128,
  'Blocks 0 and 1, written in turn; the valid one of higher sequence counts.',
  {
    magic: { words: 1, writer: 'driver', doc: 'superblock' },
    version: { words: 1, writer: 'driver', doc: 'version of this layout' },
    uuid: { words: 4, writer: 'driver, at creation', doc: 'which disk' },
    sequence: { words: 2, writer: 'driver', doc: 'float 64: rises by one a superblock' },
    blockBytes: { words: 1, writer: 'driver, at creation', doc: 'block size' },
    segmentBlocks: {
      words: 1,
      writer: 'driver, at creation',
      doc: 'blocks a segment; segment s begins at block (s + 1) × segmentBlocks',
    },
    scanBlock: { words: 1, writer: 'driver', doc: 'block of the first group to read at start' },
    scanPrevious: { words: 1, writer: 'driver', doc: 'checksum of the group before it' },
    scanPosition: { words: 2, writer: 'driver', doc: 'float 64: position of that group' },
    capacity: { words: 1, writer: 'driver', doc: 'largest number of segments' },
    opening: { words: 1, writer: 'driver', doc: 'number of the opening that wrote it' },
    openedPosition: {
      words: 2,
      writer: 'driver',
      doc: 'float 64: first position of that opening; groups of older openings end before it',
    },
    durable: {
      words: 2,
      writer: 'driver',
      doc: 'float 64: the last position known durable when it was written',
    },
    usedSegments: {
      words: 1,
      writer: 'driver',
      doc: 'segments from this number on were never written',
    },
    owners: { words: 1, writer: 'driver', doc: 'bit n: port n ever wrote to the disk' },
    pageOwners: { words: 1, writer: 'driver', doc: 'bit n: port n ever wrote pages' },
    freeSum: {
      words: 1,
      writer: 'driver',
      doc: 'CRC-32 of the bits behind these words, one a segment; bit n: segment n may be written anew, unless the scan finds a group in it',
    },
    reserved: { words: 7, writer: 'nobody', doc: 'to 128 bytes' },
    checksum: { words: 1, writer: 'driver', doc: 'CRC-32 of the words before it' },
  },
)

export const groupWords = layout(
  'GroupWords',
  96,
  'The head of a group; page descriptors, then records follow, padded to a block; then the pages.',
  {
    magic: { words: 1, writer: 'driver', doc: 'group' },
    headBlocks: { words: 1, writer: 'driver', doc: 'blocks of head, descriptors and records' },
    uuid: { words: 4, writer: 'driver', doc: 'which disk' },
    position: { words: 2, writer: 'driver', doc: 'float 64: rises by one a group' },
    durable: {
      words: 2,
      writer: 'driver',
      doc: 'float 64: the last position known durable when it was written',
    },
    pages: { words: 1, writer: 'driver', doc: 'pages in it' },
    records: { words: 1, writer: 'driver', doc: 'records in it' },
    recordBytes: { words: 1, writer: 'driver', doc: 'bytes of the records with their heads' },
    nextSegment: { words: 1, writer: 'driver', doc: 'segment that goes on when this one is full' },
    previous: { words: 1, writer: 'driver', doc: 'checksum of the group before it' },
    opening: { words: 1, writer: 'driver', doc: 'number of the opening that wrote it' },
    reserved: { words: 7, writer: 'nobody', doc: 'to 96 bytes' },
    checksum: {
      words: 1,
      writer: 'driver',
      doc: 'CRC-32 of the whole head (descriptors and records too) with this word 0',
    },
  },
)

export const descriptorWords = layout('DescriptorWords', 32, 'One a page of the group.', {
  owner: { words: 1, writer: 'driver', doc: 'port of the writer' },
  cont: { words: 1, writer: 'driver', doc: 'the writer’s token of the container' },
  interval: { words: 2, writer: 'driver', doc: 'float 64: state interval the content belongs to' },
  page: { words: 2, writer: 'driver', doc: 'float 64: page number in the container' },
  checksum: { words: 1, writer: 'driver', doc: 'CRC-32 of the page' },
  reserved: { words: 1, writer: 'nobody', doc: 'to 32 bytes' },
})

export const recordHeadWords = layout(
  'RecordHeadWords',
  16,
  'Before each record’s bytes, which are padded to 8.',
  {
    owner: { words: 1, writer: 'driver', doc: 'port of the writer' },
    kind: { words: 1, writer: 'driver', doc: 'index in recordKinds' },
    bytes: { words: 1, writer: 'driver', doc: 'length' },
    reserved: { words: 1, writer: 'nobody', doc: 'to 16 bytes' },
  },
)
