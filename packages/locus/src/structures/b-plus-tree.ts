/**
 * A B+ tree: entries in the order of their keys, for several loci at once.
 *
 * Locking: whoever changes the tree holds its one lock, from when it has found the leaf until the leaf, or all nodes that
 * change with it, are changed. Whoever reads takes none: each node has a version, and what was read counts when
 * all versions on the way are still the same; after a few vain attempts a reader takes the lock too. A writer goes its way once
 * without the lock, so that pages come in while others work. No lock is held between two calls.
 *
 * Keys are bytes, or text as its UTF-8; they are ordered byte by byte, which for text is by code points.
 */
import { LocusError } from '../locus-error.js'
import type { Heap } from './heap.js'
import type { MapKey } from './key-bytes.js'
import { cutEntry, putEntry } from './leaf-edit.js'
import type { WordMemory } from './memory.js'
import { NodeImage } from './node-image.js'
import { makeHead, openStructure, requireBlock } from './structure-head.js'
import { TreeCursor, type TreeEntry } from './tree-cursor.js'
import { TreeKey } from './tree-key.js'
import { maxInlineBytes, nodeBytes, outlying, treeHeader, treeKind } from './tree-layout.js'
import { TreePath } from './tree-path.js'
import type { TreeRange } from './tree-range.js'
import { TreeStore } from './tree-store.js'
import { requireValue } from './value-bytes.js'

/** Where the key is, or belongs, in the path's leaf. */
interface Spot {
  readonly index: number
  readonly isThere: boolean
}

export class BPlusTree {
  readonly heap: Heap
  /** Offset of the tree in the heap's window. */
  readonly at: number
  readonly #memory: WordMemory
  readonly #store: TreeStore
  readonly #path: TreePath
  readonly #key = new TreeKey()
  /** The entry that is being put in. */
  readonly #entry: NodeImage
  readonly #inline = new Int32Array(maxInlineBytes / 4)
  readonly #inlineBytes = new Uint8Array(this.#inline.buffer)

  private constructor(heap: Heap, at: number) {
    this.heap = heap
    this.at = at
    this.#memory = heap.memory
    this.#store = new TreeStore(heap, at)
    this.#path = new TreePath(this.#store)
    this.#entry = NodeImage.make(this.#store, 0, 0, [])
  }

  /**
   * Opens the tree at root `root` of the heap, or makes it there. `bad_argument`: something else is there; `world_version`:
   * another layout; `damaged`: its nodes cannot be found.
   */
  static open(heap: Heap, root = 0): BPlusTree {
    const tree = new BPlusTree(
      heap,
      openStructure(heap, root, treeKind, () => makeTree(heap)),
    )
    tree.#path.consistent(() => tree.#path.descend({ to: 'start' }))
    return tree
  }

  /** Entries in the tree; while others change it, of about now. */
  get size(): number {
    return this.#memory.getInt32(this.#store.word('entries'))
  }

  /** Nodes from the root to a leaf, both counted: so many pages an operation looks at, and the header's. */
  get height(): number {
    return this.#path.consistent(() => {
      this.#path.descend({ to: 'start' })
      return this.#path.depth + 1
    })
  }

  /** A copy of the key's value, or undefined. */
  get(key: MapKey): Uint8Array | undefined {
    return this.#look(key, ({ index, isThere }) =>
      isThere ? this.#store.valueAt(this.#path.leaf, index) : undefined,
    )
  }

  has(key: MapKey): boolean {
    return this.#look(key, ({ isThere }) => isThere)
  }

  /**
   * Sets the key's value. Keys have at most 512 bytes, values at most 1 MiB less one; more is `too_large`. `no_resource`: the
   * heap is full; nothing changes.
   */
  set(key: MapKey, value: Uint8Array): void {
    requireValue(value)
    this.#key.take(key)
    const block = value.length > maxInlineBytes ? this.heap.alloc(value.length) : 0
    // Before the lock: nobody knows of the block yet, and nobody waits while its pages come in.
    if (block !== 0) this.#memory.setBytes(block, value)
    try {
      this.#change(({ index, isThere }) => {
        const before = isThere ? this.#blockAt(index) : 0
        this.#hold(value, block)
        putEntry(this.#store, this.#path, { index, isThere, entry: this.#entry })
        if (!isThere) this.#store.count(1)
        if (before !== 0) this.heap.free(before)
      })
    } catch (error) {
      if (error instanceof LocusError && block !== 0) this.heap.free(block)
      throw error
    }
  }

  /** Takes the key out; answers whether it was there. What becomes of no use goes back to the heap. */
  delete(key: MapKey): boolean {
    this.#key.take(key)
    return this.#change(({ index, isThere }) => {
      if (!isThere) return false
      const before = this.#blockAt(index)
      cutEntry(this.#store, this.#path, index)
      this.#store.count(-1)
      if (before !== 0) this.heap.free(before)
      return true
    })
  }

  /** A cursor before the first entry of the range (all entries when left out). `bad_argument`: the range is none. */
  cursor(range: TreeRange = {}): TreeCursor {
    return new TreeCursor(this.#store, range)
  }

  /** Copies of the range's entries in order, each as it is when its turn comes. */
  *entries(range: TreeRange = {}): Generator<TreeEntry, void, undefined> {
    const cursor = this.cursor(range)
    for (let entry = cursor.next(); entry !== null; entry = cursor.next()) yield entry
  }

  #look<T>(key: MapKey, body: (spot: Spot) => T): T {
    this.#key.take(key)
    return this.#path.consistent(() => {
      this.#path.descend({ to: 'key', key: this.#key })
      return body(this.#find())
    })
  }

  /** Runs `body` under the lock with the path of the key. What it throws as `LocusError` comes before any change. */
  #change<T>(body: (spot: Spot) => T): T {
    const path = this.#path
    try {
      path.descend({ to: 'key', key: this.#key })
      // An exchange that changes nothing: the leaf is here, and may be written, before the lock is taken.
      this.#memory.compareExchange(path.leaf, 0, 0)
    } catch (error) {
      if (path.holds()) throw error
    }
    return this.#store.lock.change(() => {
      if (!path.holds()) path.descend({ to: 'key', key: this.#key })
      return body(this.#find())
    })
  }

  #find(): Spot {
    const { leaf } = this.#path
    const index = this.#store.search(leaf, this.#key, false)
    const isThere =
      index < this.#store.get(leaf, 'count') && this.#store.compare(leaf, index, this.#key) === 0
    return { index, isThere }
  }

  /** Block of the value of entry `index` of the path's leaf, 0 when it has none. `damaged`: what stands there is no block. */
  #blockAt(index: number): number {
    const block = this.#store.blockAt(this.#path.leaf, index)
    if (block !== 0) requireBlock(this.heap, treeKind, this.at, block)
    return block
  }

  /** Makes `#entry` that of `#key` with the value, or with where its block is. */
  #hold(value: Uint8Array, block: number): void {
    if (block !== 0) {
      this.#entry.hold(this.#key, outlying, Int32Array.of(block, value.length))
      return
    }
    this.#inline[value.length >> 2] = 0
    this.#inlineBytes.set(value)
    this.#entry.hold(this.#key, value.length, this.#inline)
  }
}

function makeTree(heap: Heap): number {
  const at = makeHead(heap, treeKind)
  const store = new TreeStore(heap, at)
  try {
    const root = heap.alloc(nodeBytes)
    const image = NodeImage.make(store, 0, 0, [])
    heap.memory.setBytes(root, new Uint8Array(image.words.buffer))
    heap.memory.setInt32(at + treeHeader.at.root * 4, root)
  } catch (error) {
    if (error instanceof LocusError) heap.free(at)
    throw error
  }
  return at
}
