/**
 * A change of several nodes: gathered outside the window, then made as one. Until `commit` the tree is as it was, so a
 * change that finds no memory or damage is simply left.
 */
import { NodeImage } from './node-image.js'
import { requireBlock } from './structure-head.js'
import { nodeBytes, treeKind } from './tree-layout.js'
import type { TreeStore } from './tree-store.js'

export class TreeChange {
  readonly #store: TreeStore
  readonly #images = new Map<number, NodeImage>()
  readonly #added: number[] = []
  readonly #dropped: number[] = []

  constructor(store: TreeStore) {
    this.#store = store
  }

  /** The node as it will be. */
  image(node: number): NodeImage {
    return this.#images.get(node) ?? NodeImage.read(this.#store, node)
  }

  write(node: number, image: NodeImage): void {
    this.#images.set(node, image)
  }

  /** A page for a node. `no_resource`: the heap is full. */
  add(): number {
    const node = this.#store.heap.alloc(nodeBytes)
    this.#added.push(node)
    return node
  }

  /** The node is no longer needed. `damaged`: it is no block of the heap. */
  drop(node: number): void {
    requireBlock(this.#store.heap, treeKind, this.#store.at, node)
    this.#images.delete(node)
    this.#dropped.push(node)
  }

  /** Gives back what was added: the change is not made. */
  leave(): void {
    for (const node of this.#added.splice(0)) this.#store.heap.free(node)
  }

  /** Makes the change. Nobody who reads without the lock takes half of it for the tree. */
  commit(): void {
    const store = this.#store
    const version = store.newVersion()
    for (const node of this.#images.keys()) store.begin(node, version)
    for (const [node, { words }] of this.#images)
      store.memory.setBytes(node + 4, new Uint8Array(words.buffer, 4))
    for (const node of this.#images.keys()) store.end(node, version)
    // Whoever still reads in one of these has come through a node that has changed by now.
    for (const node of this.#dropped) store.heap.free(node)
  }
}
