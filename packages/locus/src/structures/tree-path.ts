/**
 * The way from a tree's root to the leaf of a key, with the version of each node on it.
 *
 * It is gone without a lock. While all these versions hold, every node on it is what it was, and the leaf is that of the
 * key: a node that is given back to the heap, whatever its page is then used for, leaves a parent that has changed, and the
 * root is never given back. A lock is needed only to change something.
 */
import { fence } from './fence.js'
import type { TreeKey } from './tree-key.js'
import type { TreeStore } from './tree-store.js'

/** Where to go: to the leaf where the key belongs, to that of what comes before it, or to an end. */
export type Target =
  | { readonly to: 'key'; readonly key: TreeKey }
  | { readonly to: 'before'; readonly key: TreeKey }
  | { readonly to: 'start' }
  | { readonly to: 'end' }

/** Times that a reader goes its way anew before it takes the lock. */
const attempts = 8

export class TreePath {
  /** Index of the leaf in `nodes`; the root is 0. */
  depth = 0
  readonly nodes: number[] = []
  /** How many keys of each inner node come before the child that was taken. */
  readonly positions: number[] = []
  readonly #versions: number[] = []
  readonly #store: TreeStore
  #known = 0

  constructor(store: TreeStore) {
    this.#store = store
  }

  get leaf(): number {
    return this.nodes[this.depth]!
  }

  /** Goes down. What it throws, and where it arrives, counts only when `holds` says so. */
  descend(target: Target): void {
    const store = this.#store
    const { memory } = store
    this.#known = 0
    let node = memory.getInt32(store.word('root'))
    let level = -1
    for (let depth = 0; ; depth++) {
      store.requirePlace(node)
      const version = memory.atomicLoad(node)
      this.nodes[depth] = node
      this.#versions[depth] = version
      this.#known = depth + 1
      if ((version & 1) !== 0) throw store.damaged(`the node at ${node} was left half changed`)
      level = store.requireNode(node, level)
      if (level === 0) {
        this.depth = depth
        return
      }
      const position = choose(store, node, target)
      this.positions[depth] = position
      node = store.childAt(node, position)
      level--
    }
  }

  /** Whether all that was read since `descend` began was so at one moment, which is now. */
  holds(): boolean {
    fence()
    const { memory } = this.#store
    for (let depth = 0; depth < this.#known; depth++) {
      const version = this.#versions[depth]!
      if ((version & 1) !== 0 || memory.atomicLoad(this.nodes[depth]!) !== version) return false
    }
    return true
  }

  /**
   * Answers what `body` reads along this path, as it was at one moment. `body` goes down itself, may run several times, and what
   * it throws counts only when nothing has changed meanwhile.
   */
  consistent<T>(body: () => T): T {
    for (let i = 0; i < attempts; i++) {
      let result: T
      try {
        result = body()
      } catch (error) {
        if (this.holds()) throw error
        continue
      }
      if (this.holds()) return result
    }
    return this.#store.lock.with(body)
  }

  /** Whether the leaf is the last of the tree. */
  isLast(): boolean {
    for (let depth = 0; depth < this.depth; depth++) {
      if (this.positions[depth] !== this.#store.get(this.nodes[depth]!, 'count')) return false
    }
    return true
  }

  /** The key at which the next leaf begins, or undefined for the last. */
  upperBound(): TreeKey | undefined {
    for (let depth = this.depth - 1; depth >= 0; depth--) {
      const node = this.nodes[depth]!
      const position = this.positions[depth]!
      if (position < this.#store.get(node, 'count')) return this.#store.keyAt(node, position)
    }
    return undefined
  }

  /** The key at which this leaf begins, or undefined for the first. */
  lowerBound(): TreeKey | undefined {
    for (let depth = this.depth - 1; depth >= 0; depth--) {
      const position = this.positions[depth]!
      if (position > 0) return this.#store.keyAt(this.nodes[depth]!, position - 1)
    }
    return undefined
  }
}

function choose(store: TreeStore, node: number, target: Target): number {
  if (target.to === 'start') return 0
  if (target.to === 'end') return store.get(node, 'count')
  return store.search(node, target.key, target.to === 'key')
}
