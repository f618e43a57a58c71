/**
 * Disks: stable block storage. A disk is one append-only log; the driver places blocks, packs what waits into a
 * group, writes it with one writev and makes it durable with one barrier. Reads are done by the reader itself.
 */
import {
  bool,
  bytes,
  countOf,
  diskBlock,
  frame,
  list,
  logPosition,
  numberOf,
  oneOf,
  optional,
  record,
  stateInterval,
  text,
  token,
} from '../fields.js'
import { call, group } from '../signature.js'

/** Its offset in the container divided by the page size. */
const pageNumber = numberOf('pages from the container’s beginning')
const checksum = countOf('CRC-32 of the content')
const segmentNumber = countOf('segments from the disk’s beginning')
const mayNotWrite =
  'The caller’s own table has no capability that gives the right to write the disk: it was given none, or it was removed or taken back.'
const mayNotRead =
  'The caller’s own table has no capability that gives the right to read the disk: it was given none, or it was removed or taken back.'
const closed = 'The driver has been told to stop and takes nothing more.'

const disk = { kind: 'device', by: 'manager, kernel' } as const

/** A page to write: from a frame of the machine, or (content not null) by value. */
export const pageWrite = record('page write', {
  cont: token,
  stateInterval,
  page: pageNumber,
  frame,
  content: optional(bytes),
})

/** Where a page went: its block and the checksum (CRC-32) of its content. */
export const pagePlace = record('page place', { block: diskBlock, checksum })

/** Kinds of record in the log, by who reads them again. */
export const recordKinds = [
  'capture',
  'line',
  'root_page',
  'commit',
  'root',
  'note',
  'output',
  'kept_line',
  'inputs',
] as const
export type RecordKind = (typeof recordKinds)[number]
const logRecord = record('log record', {
  kind: oneOf('record kind', recordKinds),
  content: bytes,
})

/** One thing found in the log at start: a record, or a page with where it stands. */
const foundPage = record('found page', {
  cont: token,
  stateInterval,
  page: pageNumber,
  block: diskBlock,
  checksum,
})

export const diskCalls = group(0x400, {
  diskWrite: call({
    ...disk,
    name: 'disk_write',
    doc: 'Append pages and records, all in one group or in consecutive ones, in this order, with the records behind the pages. Frames must stand still until the answer; the sender begins a transfer of each before it asks, the driver ends it. With `barrier` the answer comes when all of it, and all that was written before it, is durable. The last sixteenth of the segments is kept back (two at least, none on a disk of fewer than twelve): pages from frames are refused (disk_full) there, pages by value may take half of it, records all, since they are how space is won back.',
    args: { pages: list(pageWrite), records: list(logRecord), barrier: bool },
    result: { position: logPosition, places: list(pagePlace) },
    causes: {
      right_missing: mayNotWrite,
      io_error:
        'The write or the barrier behind it was refused by the system, or an earlier one was: after the first the driver writes nothing more until the world is opened again.',
      disk_full:
        'Too few segments are free for the write (the last sixteenth is kept back, see above), or the file system has no room. Nothing of it was written.',
      too_large: 'More than 4096 pages, or a record above 1 MiB or above what a segment holds.',
      closed,
      bad_argument:
        'A page given by value is not as long as a block, or a frame is none of the machine or has no transfer under way.',
    },
    idempotent: false,
    afterCrash:
      'With barrier: everything in it can be read back. Without: a prefix of what was written is there.',
  }),
  diskSync: call({
    ...disk,
    name: 'disk_sync',
    doc: 'A barrier: all writes answered before it are durable when it answers.',
    args: {},
    result: { position: logPosition },
    causes: {
      right_missing: mayNotWrite,
      io_error: 'A write before it or the barrier itself was refused by the system.',
      closed,
    },
    idempotent: true,
    afterCrash: 'Everything written before it can be read back.',
  }),
  diskFree: call({
    ...disk,
    name: 'disk_free',
    doc: 'The caller needs no block of these segments any more. A segment is used anew when nobody needs it and no scan begins before its end. Names no segment in which a write of the caller may lie that it has not seen answered.',
    args: { segments: list(segmentNumber) },
    result: {},
    causes: {
      right_missing: mayNotWrite,
      bad_argument: 'The disk has no segment of that number. None was freed.',
      closed,
    },
    idempotent: true,
    afterCrash: 'Said again by the owner after a restart.',
  }),
  diskTrim: call({
    ...disk,
    name: 'disk_trim',
    doc: 'The caller needs no record from before this position; from the greatest there is (2^53 - 1), it never needs any, whatever it writes. The log is read from the least such position of all owners at the next start.',
    args: { from: logPosition },
    result: {},
    causes: { right_missing: mayNotWrite, closed },
    idempotent: true,
    afterCrash: 'May be forgotten: then more is read than need be.',
  }),
  diskScan: call({
    ...disk,
    name: 'disk_scan',
    doc: 'What the log holds for this owner from position `from` on, found at the opening or written since, and durable: up to `limit` records and pages a call, in log order; `next` is where to go on (the next `cursor`; the first is 0), nil at the end. Pages come before the records of the same group.',
    args: { from: logPosition, cursor: numberOf('as `next` said'), limit: countOf('finds') },
    result: {
      pages: list(foundPage),
      records: list(
        record('found record', {
          kind: oneOf('record kind', recordKinds),
          position: logPosition,
          content: bytes,
        }),
      ),
      next: optional(numberOf('as the next `cursor`')),
    },
    causes: {
      right_missing: mayNotRead,
      closed,
      io_error:
        'A write or barrier was refused by the system, so that what the scan would tell may not be durable.',
    },
    idempotent: true,
    afterCrash: 'Same answer again.',
  }),
  diskStatus: call({
    ...disk,
    name: 'disk_status',
    doc: 'State, size, how many of the free segments are kept back from pages in frames, and where the log begins and ends: its oldest group that is still held (behind that nothing that anybody needed was given up), and its last; and a sentence when damage found at opening cost something.',
    args: {},
    result: {
      state: oneOf('device state', ['online', 'degraded', 'offline']),
      segments: countOf('segments'),
      freeSegments: countOf('segments'),
      keptSegments: countOf('segments'),
      segmentBlocks: countOf('blocks a segment'),
      blockBytes: countOf('bytes a block'),
      firstPosition: logPosition,
      lastPosition: logPosition,
      damage: optional(text),
    },
    causes: { right_missing: mayNotRead },
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
  diskSegment: call({
    ...disk,
    name: 'disk_segment',
    doc: 'What the heads of the groups in one segment say of the caller’s pages there, in the order of their blocks. Read from the file, so that an owner that cleans the segment need not remember. Names only what was written; the owner knows which of it is still needed.',
    args: { segment: segmentNumber },
    result: { pages: list(foundPage) },
    causes: {
      right_missing: mayNotRead,
      bad_argument: 'The disk has no segment of that number.',
      io_error: 'The system refused to read the file there.',
      closed,
    },
    idempotent: true,
    afterCrash: 'Same answer again, until the segment is used anew.',
  }),
})
