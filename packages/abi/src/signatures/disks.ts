/**
 * Disks: stable block storage. A disk is one append-only log; the driver places blocks, packs what waits into a
 * group, writes it with one writev and makes it durable with one barrier. Reads are done by the reader itself.
 */
import {
  bool,
  bytes,
  count,
  diskBlock,
  frame,
  list,
  logPosition,
  number,
  oneOf,
  optional,
  record,
  stateInterval,
  text,
  token,
} from '../fields.js'
import { call, group } from '../signature.js'

const disk = { kind: 'device', by: 'manager, kernel' } as const

/** A page to write: from a frame of the machine, or (content not null) by value. */
export const pageWrite = record('page write', {
  cont: token,
  stateInterval,
  page: number,
  frame,
  content: optional(bytes),
})

/** Where a page went: its block and the checksum (CRC-32) of its content. */
export const pagePlace = record('page place', { block: diskBlock, checksum: count })

/** Kinds of record in the log, by who reads them again. */
export const recordKinds = ['capture', 'line', 'root_page', 'commit', 'root', 'note'] as const
export type RecordKind = (typeof recordKinds)[number]
const logRecord = record('log record', {
  kind: oneOf('record kind', recordKinds),
  content: bytes,
})

/** One thing found in the log at start: a record, or a page with where it stands. */
const foundPage = record('found page', {
  cont: token,
  stateInterval,
  page: number,
  block: diskBlock,
  checksum: count,
})

export const diskCalls = group(0x400, {
  diskWrite: call({
    ...disk,
    name: 'disk_write',
    doc: 'Append pages and records, all in one group or in consecutive ones, in this order, with the records behind the pages. Frames must stand still until the answer; the sender begins a transfer of each before it asks, the driver ends it. With `barrier` the answer comes when all of it, and all that was written before it, is durable. The last sixteenth of the segments is kept back (two at least, none on a disk of fewer than twelve): pages from frames are refused (disk_full) there, pages by value may take half of it, records all, since they are how space is won back.',
    args: { pages: list(pageWrite), records: list(logRecord), barrier: bool },
    result: { position: logPosition, places: list(pagePlace) },
    errors: ['io_error', 'disk_full', 'too_large', 'closed', 'bad_argument'],
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
    errors: ['io_error', 'closed'],
    idempotent: true,
    afterCrash: 'Everything written before it can be read back.',
  }),
  diskFree: call({
    ...disk,
    name: 'disk_free',
    doc: 'The caller needs no block of these segments any more. A segment is used anew when nobody needs it and no scan begins before its end. Names no segment in which a write of the caller may lie that it has not seen answered.',
    args: { segments: list(count) },
    result: {},
    errors: ['bad_argument', 'closed'],
    idempotent: true,
    afterCrash: 'Said again by the owner after a restart.',
  }),
  diskTrim: call({
    ...disk,
    name: 'disk_trim',
    doc: 'The caller needs no record from before this position. The log is read from the least such position of all owners at the next start.',
    args: { from: logPosition },
    result: {},
    errors: ['closed'],
    idempotent: true,
    afterCrash: 'May be forgotten: then more is read than need be.',
  }),
  diskScan: call({
    ...disk,
    name: 'disk_scan',
    doc: 'What the log holds for this owner from position `from` on, found at the opening or written since, and durable: up to `limit` records and pages a call, in log order; `next` is where to go on (the next `cursor`; the first is 0), nil at the end. Pages come before the records of the same group.',
    args: { from: logPosition, cursor: number, limit: count },
    result: {
      pages: list(foundPage),
      records: list(
        record('found record', {
          kind: oneOf('record kind', recordKinds),
          position: logPosition,
          content: bytes,
        }),
      ),
      next: optional(number),
    },
    errors: ['closed', 'io_error'],
    idempotent: true,
    afterCrash: 'Same answer again.',
  }),
  diskStatus: call({
    ...disk,
    name: 'disk_status',
    doc: 'State, size and what the scan at opening found: the last group, and a sentence when damage cost something.',
    args: {},
    result: {
      state: oneOf('device state', ['online', 'degraded', 'offline']),
      segments: count,
      freeSegments: count,
      segmentBlocks: count,
      blockBytes: count,
      lastPosition: logPosition,
      damage: optional(text),
    },
    errors: ['closed'],
    idempotent: true,
    afterCrash: 'Nothing.',
  }),
  diskSegment: call({
    ...disk,
    name: 'disk_segment',
    doc: 'What the heads of the groups in one segment say of the caller’s pages there, in the order of their blocks. Read from the file, so that an owner that cleans the segment need not remember. Names only what was written; the owner knows which of it is still needed.',
    args: { segment: count },
    result: { pages: list(foundPage) },
    errors: ['bad_argument', 'io_error', 'closed'],
    idempotent: true,
    afterCrash: 'Same answer again, until the segment is used anew.',
  }),
})
