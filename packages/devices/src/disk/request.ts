/** A write as the driver keeps it from its arrival to its answer, and what makes one unacceptable. */
import {
  refuse,
  type Answer,
  type ArgsOf,
  type diskCalls,
  type Frame,
  type Refusal,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { groupBlocks, recordRoom } from './group.js'
import type { Geometry } from './geometry.js'

export type WriteArgs = ArgsOf<typeof diskCalls.diskWrite>
export type WriteAnswer = Answer<typeof diskCalls.diskWrite>
export type PageWrite = WriteArgs['pages'][number]

/** Where pages that are not given by value lie. */
export interface Frames {
  /** The frame's bytes, or null when it is no frame of this machine with a transfer under way. */
  bytes(frame: Frame): Uint8Array | null
  /** The transfer of the frame is complete, whatever became of it. */
  ended(frame: Frame): void
}

export interface WriteRequest {
  readonly owner: number
  readonly args: WriteArgs
  readonly reply: (answer: WriteAnswer) => void
}

const maxPages = 4096
const maxRecordBytes = 1024 * 1024

/** Bytes of the longest record that a group can hold on such a disk. */
function longestRecord(geometry: Geometry): number {
  const room = geometry.segmentBlocks * geometry.blockBytes - 256
  invariant(room > 0, 'DK7: a segment has room for a record', { ...geometry })
  return Math.min(maxRecordBytes, room)
}

/** Why the request is not taken at all, or null. */
export function refusalOf(
  { pages, records }: WriteArgs,
  geometry: Geometry,
  frames: Frames,
): Refusal<'too_large' | 'bad_argument'> | null {
  if (pages.length > maxPages)
    return refuse(
      'too_large',
      `A write has at most ${maxPages} pages, not ${pages.length}. Send several.`,
    )
  const longest = longestRecord(geometry)
  const record = records.find(({ content }) => content.length > longest)
  if (record !== undefined)
    return refuse(
      'too_large',
      `A record has at most ${longest} bytes, not ${record.content.length}. Split it.`,
    )
  for (const { content, frame } of pages) {
    if (content !== null && content.length !== geometry.blockBytes)
      return refuse(
        'bad_argument',
        `A page given by value has ${geometry.blockBytes} bytes, not ${content.length}.`,
      )
    if (content === null && frames.bytes(frame) === null)
      return refuse(
        'bad_argument',
        `Frame ${frame} is no frame of this machine with a transfer under way. Begin the transfer before the write.`,
      )
  }
  const { blockBytes, segmentBlocks } = geometry
  invariant(
    records.every(
      ({ content }) => groupBlocks(blockBytes, 0, recordRoom(content.length)) <= segmentBlocks,
    ),
    'DK7: a record that is taken fits a segment',
  )
  return null
}
