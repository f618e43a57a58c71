/** A group's head as bytes. */
import { descriptorWords, diskMagic, groupWords, recordHeadWords, recordKinds } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { checksum } from './checksum.js'
import { headBlocks, recordRoom, type GroupHead } from './group.js'
import { StoredWords } from './stored-words.js'
import type { DiskUuid } from './superblock.js'

/** The head, padded to whole blocks, and its checksum: what the next group names as `previous`. */
export function encodeHead(
  blockBytes: number,
  uuid: DiskUuid,
  head: GroupHead,
): { readonly bytes: Uint8Array; readonly checksum: number } {
  invariant(head.durable < head.position, 'DK4: no group is durable before it is written', {
    durable: head.durable,
    position: head.position,
  })
  const recordBytes = head.records.reduce((sum, { content }) => sum + recordRoom(content.length), 0)
  const blocks = headBlocks(blockBytes, head.pages.length, recordBytes)
  const bytes = new Uint8Array(blocks * blockBytes)
  const words = new StoredWords(groupWords, bytes)
  words.setWord('magic', diskMagic.group)
  words.setWord('headBlocks', blocks)
  uuid.forEach((word, nth) => words.setWord('uuid', word, nth))
  words.setFloat('position', head.position)
  words.setFloat('durable', head.durable)
  words.setWord('pages', head.pages.length)
  words.setWord('records', head.records.length)
  words.setWord('recordBytes', recordBytes)
  words.setWord('nextSegment', head.nextSegment)
  words.setWord('previous', head.previous)
  words.setWord('opening', head.opening)
  putPages(bytes, head)
  putRecords(bytes, head)
  const sum = checksum(bytes)
  words.setWord('checksum', sum)
  return { bytes, checksum: sum }
}

function putPages(bytes: Uint8Array, head: GroupHead): void {
  head.pages.forEach((page, nth) => {
    const at = groupWords.bytes + nth * descriptorWords.bytes
    const words = new StoredWords(descriptorWords, bytes, at)
    words.setWord('owner', page.owner)
    words.setWord('cont', page.cont)
    words.setFloat('interval', page.interval)
    words.setFloat('page', page.page)
    words.setWord('checksum', page.checksum)
  })
}

function putRecords(bytes: Uint8Array, head: GroupHead): void {
  let at = groupWords.bytes + head.pages.length * descriptorWords.bytes
  for (const record of head.records) {
    const words = new StoredWords(recordHeadWords, bytes, at)
    words.setWord('owner', record.owner)
    words.setWord('kind', recordKinds.indexOf(record.kind))
    words.setWord('bytes', record.content.length)
    bytes.set(record.content, at + recordHeadWords.bytes)
    at += recordRoom(record.content.length)
  }
  invariant(at <= bytes.length, 'DK2: a head holds its descriptors and records', {
    at,
    length: bytes.length,
  })
}
