/**
 * A group's head out of bytes that may be anything: torn, rotten, a left-over, a user's page. Either it is a whole head of this
 * disk, or null; it never throws and never believes a length before the checksum has proved it.
 */
import { descriptorWords, diskMagic, groupWords, recordHeadWords, recordKinds } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { checksum } from './checksum.js'
import {
  headBlocks,
  recordRoom,
  type GroupHead,
  type GroupRecord,
  type PageDescriptor,
} from './group.js'
import { StoredWords } from './stored-words.js'
import type { DiskUuid } from './superblock.js'

export interface DecodedHead extends GroupHead {
  readonly checksum: number
  /** Blocks before the first page. */
  readonly headBlocks: number
}

const zeros = new Uint8Array(4)

/** The head at the beginning of `bytes`, which reach to the end of its segment. The pages are not looked at. */
export function decodeHead(
  bytes: Uint8Array,
  blockBytes: number,
  uuid: DiskUuid,
): DecodedHead | null {
  invariant(bytes.length % blockBytes === 0, 'DK3: whole blocks are looked at', {
    length: bytes.length,
  })
  if (bytes.length < blockBytes) return null
  const words = new StoredWords(groupWords, bytes)
  if (words.word('magic') !== diskMagic.group) return null
  if (uuid.some((word, nth) => words.word('uuid', nth) !== word)) return null
  const pages = words.word('pages')
  const recordBytes = words.word('recordBytes')
  const blocks = words.word('headBlocks')
  if (recordBytes % 8 !== 0 || blocks !== headBlocks(blockBytes, pages, recordBytes)) return null
  if ((blocks + pages) * blockBytes > bytes.length) return null
  const head = bytes.subarray(0, blocks * blockBytes)
  const sum = words.word('checksum')
  if (headSum(head) !== sum) return null
  const records = readRecords(head, pages, words.word('records'))
  if (records === null) return null
  return {
    position: words.float('position'),
    durable: words.float('durable'),
    opening: words.word('opening'),
    nextSegment: words.word('nextSegment'),
    previous: words.word('previous'),
    pages: readPages(head, pages),
    records,
    checksum: sum,
    headBlocks: blocks,
  }
}

/** The checksum of a head is taken with its own word 0. */
function headSum(head: Uint8Array): number {
  const at = groupWords.at.checksum * 4
  const before = checksum(zeros, checksum(head.subarray(0, at)))
  return checksum(head.subarray(at + zeros.length), before)
}

function readPages(head: Uint8Array, count: number): PageDescriptor[] {
  return Array.from({ length: count }, (_, nth) => {
    const words = new StoredWords(
      descriptorWords,
      head,
      groupWords.bytes + nth * descriptorWords.bytes,
    )
    return {
      owner: words.word('owner'),
      cont: words.word('cont'),
      interval: words.float('interval'),
      page: words.float('page'),
      checksum: words.word('checksum'),
    }
  })
}

/** Null when they do not lie within the head: a checksum can be right by chance, or made by somebody else. */
function readRecords(head: Uint8Array, pages: number, count: number): GroupRecord[] | null {
  const found: GroupRecord[] = []
  let at = groupWords.bytes + pages * descriptorWords.bytes
  for (let nth = 0; nth < count; nth++) {
    if (at + recordHeadWords.bytes > head.length) return null
    const words = new StoredWords(recordHeadWords, head, at)
    const length = words.word('bytes')
    const kind = recordKinds[words.word('kind')]
    const from = at + recordHeadWords.bytes
    if (kind === undefined || from + length > head.length) return null
    found.push({ owner: words.word('owner'), kind, content: head.slice(from, from + length) })
    at += recordRoom(length)
  }
  return found
}
