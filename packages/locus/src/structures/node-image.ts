/**
 * A node outside the window: read in one piece, or put together from entries of others, and then written in one piece.
 *
 * What is read is looked through first, so that whoever works with an image need not doubt it.
 */
import {
  entryBytes,
  keyCellWords,
  keyLengthMask,
  keyLengthShift,
  maxTreeKeyBytes,
  nodeBytes,
  nodeHead,
  nodeMagic,
  nodeRoom,
  placeShift,
  slotBytes,
  treeNode,
  valueCellWords,
  valueLengthMask,
} from './tree-layout.js'
import { TreeKey } from './tree-key.js'
import type { TreeStore } from './tree-store.js'

/** An entry of an image. Entries are gathered by reference and copied once, into the node they end up in. */
export interface EntryRef {
  readonly image: NodeImage
  readonly index: number
}

const headWords = nodeHead / 4
const { at: field } = treeNode

export class NodeImage {
  readonly words: Int32Array

  private constructor(words: Int32Array) {
    this.words = words
  }

  /** A node with the entries; `first` is the child before them, 0 in a leaf. They fit. */
  static make(
    store: TreeStore,
    level: number,
    first: number,
    refs: readonly EntryRef[],
  ): NodeImage {
    const image = new NodeImage(new Int32Array(nodeBytes / 4))
    image.words[field.magic] = nodeMagic
    image.words[field.tree] = store.at
    image.words[field.level] = level
    image.words[field.first] = first
    image.words[field.low] = nodeBytes
    for (const { image: source, index } of refs) image.#append(source, index)
    return image
  }

  /** Reads the node. `damaged`: its entries do not lie as they must. */
  static read(store: TreeStore, node: number): NodeImage {
    store.requirePlace(node)
    store.requireNode(node, -1)
    const image = new NodeImage(
      new Int32Array(store.memory.getBytes(node, nodeBytes).buffer as ArrayBuffer),
    )
    if (!image.#isSound())
      throw store.damaged(`the entries of the node at ${node} overlap its page`)
    return image
  }

  get count(): number {
    return this.words[field.count]!
  }

  get level(): number {
    return this.words[field.level]!
  }

  /** The child before all entries. */
  get first(): number {
    return this.words[field.first]!
  }

  /** All entries. */
  refs(): EntryRef[] {
    return Array.from({ length: this.count }, (_, index) => ({ image: this, index }))
  }

  /** Bytes that entry `index` takes. */
  bytesOf(index: number): number {
    return entryBytes(this.packed(index))
  }

  packed(index: number): number {
    return this.words[headWords + index * 2 + 1]!
  }

  keyAt(index: number): TreeKey {
    const key = new TreeKey()
    const packed = this.packed(index)
    key.words[0] = this.words[headWords + index * 2]!
    key.length = (packed >>> keyLengthShift) & keyLengthMask
    const cell = packed >>> placeShift
    for (let i = 0; i < keyCellWords(key.length); i++) key.words[i + 1] = this.words[cell + i]!
    return key
  }

  /** The child of entry `index` of an inner node. */
  childAt(index: number): number {
    const packed = this.packed(index)
    const length = (packed >>> keyLengthShift) & keyLengthMask
    return this.words[(packed >>> placeShift) + keyCellWords(length)]!
  }

  /** Makes it a node with just this entry, whose value's cell holds the words; `valueLength` as slots say it. */
  hold(key: TreeKey, valueLength: number, value: Int32Array): void {
    const { words } = this
    const keyWords = keyCellWords(key.length)
    const cell = words.length - keyWords - valueCellWords(valueLength)
    words[field.count] = 1
    words[headWords] = key.words[0]!
    words[headWords + 1] =
      (cell << placeShift) | (key.length << keyLengthShift) | (valueLength & valueLengthMask)
    for (let i = 0; i < keyWords; i++) words[cell + i] = key.words[i + 1]!
    for (let i = 0; i < valueCellWords(valueLength); i++) words[cell + keyWords + i] = value[i]!
  }

  /** Whether every entry lies in the page and they take what the head says. */
  #isSound(): boolean {
    let used = 0
    for (let index = 0; index < this.count; index++) {
      const packed = this.packed(index)
      const cellBytes = entryBytes(packed) - slotBytes
      const place = (packed >>> placeShift) * 4
      const keyLength = (packed >>> keyLengthShift) & keyLengthMask
      if (keyLength > maxTreeKeyBytes) return false
      if (cellBytes > 0 && (place < nodeHead || place + cellBytes > nodeBytes)) return false
      used += slotBytes + cellBytes
    }
    return used === this.words[field.used] && used <= nodeRoom
  }

  #append(source: NodeImage, index: number): void {
    const { words } = this
    const packed = source.packed(index)
    const bytes = source.bytesOf(index)
    const cellWords = (bytes - slotBytes) >> 2
    const cell = words[field.low]! / 4 - cellWords
    const slot = headWords + this.count * 2
    words[slot] = source.words[headWords + index * 2]!
    words[slot + 1] = (cell << placeShift) | (packed & ((1 << placeShift) - 1))
    const from = packed >>> placeShift
    for (let i = 0; i < cellWords; i++) words[cell + i] = source.words[from + i]!
    words[field.low] = cell * 4
    words[field.count]! += 1
    words[field.used]! += bytes
  }
}

/** An entry of an inner node: the child has the keys from `key` on. */
export function childEntry(store: TreeStore, key: TreeKey, child: number): EntryRef {
  const image = NodeImage.make(store, 1, 0, [])
  image.hold(key, 4, Int32Array.of(child))
  return { image, index: 0 }
}

/** Bytes that the entries take. */
export function bytesOfAll(refs: readonly EntryRef[]): number {
  return refs.reduce((sum, { image, index }) => sum + image.bytesOf(index), 0)
}
