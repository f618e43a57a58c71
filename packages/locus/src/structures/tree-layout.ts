/**
 * How a B+ tree lies in its heap: a header, and nodes of 4 KiB, each of which is one page. Leaves hold the entries in the
 * order of their keys, inner nodes say where each key is; all leaves are equally deep. The root's page never changes.
 *
 * A node: a head, slots from there up, cells from the end down. A slot is two words: the first four bytes of the key as a
 * number, so that most comparisons touch nothing else, and where the cell is with the lengths of key and value. A cell is
 * the rest of the key, and the value. A value of more than 480 bytes lies in a block of its own and the cell says where; in an
 * inner node the value is the offset of the child with the keys from this one on. Words of keys have their first byte
 * highest and zeros behind the end: comparing words as unsigned numbers, then lengths, is comparing bytes.
 */
import { layout } from '@katydid/abi'
import type { StructureKind } from './structure-head.js'

const locked = 'who holds the lock'

export const treeHeader = layout('TreeHeader', 32, 'The first bytes of a B+ tree.', {
  magic: { words: 1, writer: 'locus that makes it', doc: 'says that it is a tree' },
  layoutVersion: { words: 1, writer: 'locus that makes it', doc: 'of this layout' },
  lock: { words: 1, writer: 'any locus', doc: 'held by who changes it' },
  changes: { words: 1, writer: locked, doc: 'changes so far; every version comes from it' },
  root: { words: 1, writer: 'locus that makes it', doc: 'offset of the root’s page' },
  entries: { words: 1, writer: locked, doc: 'entries there are' },
  reserved: { words: 2, writer: 'nobody', doc: '' },
})

export const treeNode = layout('TreeNode', 32, 'The head of a node.', {
  version: { words: 1, writer: locked, doc: 'odd while the node changes; never the same twice' },
  magic: { words: 1, writer: locked, doc: 'says that it is a node' },
  tree: { words: 1, writer: locked, doc: 'offset of the header of its tree' },
  level: { words: 1, writer: locked, doc: '0 for a leaf' },
  count: { words: 1, writer: locked, doc: 'slots' },
  low: { words: 1, writer: locked, doc: 'cells begin here, in bytes from the node' },
  used: { words: 1, writer: locked, doc: 'bytes of slots and their cells' },
  first: {
    words: 1,
    writer: locked,
    doc: 'inner nodes: child with the keys before the first slot',
  },
})

export const treeKind: StructureKind = {
  name: 'a B+ tree',
  magic: 0x45525442,
  version: 1,
  bytes: treeHeader.bytes,
}

export const nodeMagic = 0x444f4e42
export const nodeBytes = 4096
export const nodeHead = treeNode.bytes
/** Bytes for slots and cells. An entry takes at most a quarter of it, so what is too much for one node fits into two. */
export const nodeRoom = nodeBytes - nodeHead
export const slotBytes = 8
/** A node that a deletion leaves with less than this is joined with a neighbour, or takes entries from it. */
export const leastUsed = Math.floor(nodeRoom / 3)
export const maxLevels = 32

/** The longest key in bytes. */
export const maxTreeKeyBytes = 512
/** The longest value that lies in a leaf. */
export const maxInlineBytes = 480

/** A slot's second word: cell's place in words, key's length, value's length. */
export const placeShift = 22
export const keyLengthShift = 12
export const keyLengthMask = 0x3ff
export const valueLengthMask = 0xfff
/** Stands for the length of a value with a block of its own: offset and length are in the cell. */
export const outlying = 0xfff

/** Words of a key's cell: all of the key but its first word. */
export const keyCellWords = (length: number): number => (length <= 4 ? 0 : ((length + 3) >>> 2) - 1)

/** Words of a value's cell, by the length in the slot. */
export const valueCellWords = (length: number): number =>
  length === outlying ? 2 : (length + 3) >>> 2

/** Bytes that an entry takes, by the second word of its slot. */
export function entryBytes(packed: number): number {
  const key = (packed >>> keyLengthShift) & keyLengthMask
  return slotBytes + (keyCellWords(key) + valueCellWords(packed & valueLengthMask)) * 4
}
