/**
 * A tree's nodes as words of its window: looking into them, and marking them as changing.
 *
 * What is looked at may be changing at the time, or no longer be a node: nothing here runs forever or
 * beyond a node's page on any content, and what cannot be is `damaged`. The caller says whether that counts.
 */
import type { Heap } from './heap.js'
import type { WordMemory } from './memory.js'
import { Mutex } from './mutex.js'
import { canBeBlock, damaged } from './structure-head.js'
import type { LocusError } from '../locus-error.js'
import { TreeKey } from './tree-key.js'
import {
  keyCellWords,
  keyLengthMask,
  keyLengthShift,
  maxLevels,
  maxTreeKeyBytes,
  nodeBytes,
  nodeHead,
  nodeMagic,
  nodeRoom,
  outlying,
  placeShift,
  slotBytes,
  treeHeader,
  treeKind,
  treeNode,
  valueCellWords,
  valueLengthMask,
} from './tree-layout.js'
import { maxValueBytes } from './value-bytes.js'

const maxSlots = nodeRoom / slotBytes

export class TreeStore {
  readonly heap: Heap
  readonly memory: WordMemory
  readonly at: number
  readonly lock: Mutex

  constructor(heap: Heap, at: number) {
    this.heap = heap
    this.memory = heap.memory
    this.at = at
    this.lock = new Mutex(heap.holder, heap.memory, this.word('lock'))
  }

  /** Offset of a word of the tree's header. */
  word(field: keyof typeof treeHeader.at): number {
    return this.at + treeHeader.at[field] * 4
  }

  get(node: number, field: keyof typeof treeNode.at): number {
    return this.memory.getInt32(node + treeNode.at[field] * 4)
  }

  set(node: number, field: keyof typeof treeNode.at, value: number): void {
    this.memory.setInt32(node + treeNode.at[field] * 4, value)
  }

  /** Throws unless a node can be at that offset. */
  requirePlace(node: number): void {
    if (node % nodeBytes !== 0 || !canBeBlock(this.memory, node, nodeBytes))
      throw this.damaged(`no node can be at ${node}`)
  }

  /** Throws unless this tree's node of level `level` (-1: any) is at that place. Answers its level. */
  requireNode(node: number, level: number): number {
    const found = this.get(node, 'level')
    const count = this.get(node, 'count')
    const fits =
      this.get(node, 'magic') === nodeMagic &&
      this.get(node, 'tree') === this.at &&
      (level < 0 ? found >= 0 && found < maxLevels : found === level) &&
      count >= 0 &&
      count <= maxSlots
    if (!fits) throw this.damaged(`what is at ${node} is not its node`)
    return found
  }

  /** How many keys of the node come before `key`; with `orSame`, those equal to it are counted too. */
  search(node: number, key: TreeKey, orSame: boolean): number {
    let low = 0
    let high = this.get(node, 'count')
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = this.compare(node, middle, key)
      if (order < 0 || (orSame && order === 0)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Below 0 when the node's key `index` comes before `key`, 0 when it is the same. */
  compare(node: number, index: number, key: TreeKey): number {
    const { memory } = this
    const slot = node + nodeHead + index * slotBytes
    const head = memory.getInt32(slot)
    const first = key.words[0]!
    if (head !== first) return head >>> 0 < first >>> 0 ? -1 : 1
    const packed = memory.getInt32(slot + 4)
    const length = (packed >>> keyLengthShift) & keyLengthMask
    const words = Math.min(keyCellWords(length), keyCellWords(key.length))
    if (words > 0) {
      const cell = this.#cell(node, packed)
      for (let i = 0; i < words; i++) {
        const word = memory.getInt32(cell + i * 4)
        const other = key.words[i + 1]!
        if (word !== other) return word >>> 0 < other >>> 0 ? -1 : 1
      }
    }
    return length - key.length
  }

  /** The node's key `index`, in `key`. */
  keyAt(node: number, index: number, key = new TreeKey()): TreeKey {
    const packed = this.packed(node, index)
    const cell = this.#cell(node, packed)
    key.words[0] = this.memory.getInt32(node + nodeHead + index * slotBytes)
    key.length = (packed >>> keyLengthShift) & keyLengthMask
    for (let i = 0; i < keyCellWords(key.length); i++)
      key.words[i + 1] = this.memory.getInt32(cell + i * 4)
    return key
  }

  /** The second word of slot `index`. */
  packed(node: number, index: number): number {
    return this.memory.getInt32(node + nodeHead + index * slotBytes + 4)
  }

  /** Offset of the value's cell of slot `index`. */
  valueCell(node: number, index: number): number {
    const packed = this.packed(node, index)
    return this.#cell(node, packed) + keyCellWords((packed >>> keyLengthShift) & keyLengthMask) * 4
  }

  /** A copy of the value of entry `index` of a leaf. */
  valueAt(node: number, index: number): Uint8Array {
    const length = this.packed(node, index) & valueLengthMask
    const cell = this.valueCell(node, index)
    if (length !== outlying)
      return length === 0 ? new Uint8Array(0) : this.memory.getBytes(cell, length)
    const block = this.memory.getInt32(cell)
    const blockLength = this.memory.getInt32(cell + 4)
    if (blockLength > maxValueBytes || !canBeBlock(this.memory, block, blockLength))
      throw this.damaged(`a value of ${blockLength} bytes cannot be at ${block}`)
    return this.memory.getBytes(block, blockLength)
  }

  /** Offset of the block of the value of entry `index`, 0 when it has none. */
  blockAt(node: number, index: number): number {
    const isOutlying = (this.packed(node, index) & valueLengthMask) === outlying
    return isOutlying ? this.memory.getInt32(this.valueCell(node, index)) : 0
  }

  /** The child behind the first `position` keys of an inner node. */
  childAt(node: number, position: number): number {
    if (position === 0) return this.get(node, 'first')
    return this.memory.getInt32(this.valueCell(node, position - 1))
  }

  /** A version that no node of this tree had before. Under the lock. */
  newVersion(): number {
    const changes = (this.memory.getInt32(this.word('changes')) + 1) | 0
    this.memory.setInt32(this.word('changes'), changes)
    return changes << 1
  }

  /** Marks the node as changing. An exchange, not a store: what follows must not be seen before it. */
  begin(node: number, version: number): void {
    this.memory.exchange(node, version | 1)
  }

  /** Marks it as changed: who sees this version sees all of the change. */
  end(node: number, version: number): void {
    this.memory.atomicStore(node, version)
  }

  count(by: number): void {
    const word = this.word('entries')
    this.memory.setInt32(word, this.memory.getInt32(word) + by)
  }

  damaged(what: string): LocusError {
    return damaged(treeKind, this.at, what)
  }

  #cell(node: number, packed: number): number {
    const place = (packed >>> placeShift) * 4
    const keyLength = (packed >>> keyLengthShift) & keyLengthMask
    const bytes = (keyCellWords(keyLength) + valueCellWords(packed & valueLengthMask)) * 4
    const fits = place >= nodeHead && place + bytes <= nodeBytes && keyLength <= maxTreeKeyBytes
    // A cell of no bytes at the end of the page has no place that a slot could say.
    if (!fits && bytes > 0) throw this.damaged(`an entry of the node at ${node} leaves its page`)
    return node + place
  }
}
