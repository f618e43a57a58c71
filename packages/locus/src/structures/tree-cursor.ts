/**
 * Where a walk through a tree stands: behind an entry, not in a node. So whatever changes, it goes on from that key.
 *
 * Each step answers the next entry as it is at that moment: never one that was deleted, never an old value, never one twice or
 * out of order. It holds no lock between two steps, and as long as its leaf does not change a step looks at nothing else.
 */
import { TreeKey } from './tree-key.js'
import { TreePath, type Target } from './tree-path.js'
import { boundsOf, type Bound, type Bounds, type TreeRange } from './tree-range.js'
import type { TreeStore } from './tree-store.js'

export type TreeEntry = readonly [key: Uint8Array, value: Uint8Array]

/** What a look at the leaf shows: an entry, the key at which the neighbour begins, or the end. */
type Look =
  | { readonly is: 'entry'; readonly value: Uint8Array }
  | { readonly is: 'border'; readonly key: TreeKey }
  | { readonly is: 'end' }

export class TreeCursor {
  readonly #store: TreeStore
  readonly #path: TreePath
  readonly #bounds: Bounds
  /** Where to go on from; undefined at the beginning of a walk without a first bound. */
  #from: Bound | undefined
  #index = 0
  #isPlaced = false
  /** Keys are read into one while `#from` has the other. */
  #spare = new TreeKey()

  /** Tells nobody and touches nothing before the first step. `bad_argument`: the range is none. */
  constructor(store: TreeStore, range: TreeRange) {
    this.#store = store
    this.#path = new TreePath(store)
    this.#bounds = boundsOf(range)
    this.#from = this.#bounds.from
  }

  /** The next entry, or null when there is none; asked again, it looks again. */
  next(): TreeEntry | null {
    for (;;) {
      const look = this.#path.consistent(() => {
        // Set again only when all of this has held: a second time it is placed anew.
        const isFresh = !this.#isPlaced
        if (isFresh) this.#place()
        this.#isPlaced = false
        return this.#look(isFresh)
      })
      if (look.is === 'end') return null
      if (look.is === 'border') {
        // The border is the neighbour's first key, or is behind its last.
        this.#from = { key: look.key, isInside: !this.#bounds.isReverse }
        continue
      }
      const key = this.#spare
      this.#spare =
        this.#from?.key === undefined || this.#isBound() ? new TreeKey() : this.#from.key
      this.#from = { key, isInside: false }
      this.#index += this.#bounds.isReverse ? -1 : 1
      this.#isPlaced = true
      return [key.toBytes(), look.value]
    }
  }

  #place(): void {
    this.#path.descend(this.#target())
    const { leaf } = this.#path
    if (this.#bounds.isReverse) {
      const from = this.#from
      const before = from
        ? this.#store.search(leaf, from.key, from.isInside)
        : this.#store.get(leaf, 'count')
      this.#index = before - 1
    } else
      this.#index = this.#from ? this.#store.search(leaf, this.#from.key, !this.#from.isInside) : 0
  }

  #target(): Target {
    const { isReverse } = this.#bounds
    if (this.#from === undefined) return { to: isReverse ? 'end' : 'start' }
    const { key, isInside } = this.#from
    return { to: isReverse && !isInside ? 'before' : 'key', key }
  }

  #look(isFresh: boolean): Look {
    const store = this.#store
    const { leaf } = this.#path
    const { isReverse, to } = this.#bounds
    if (this.#index >= 0 && this.#index < store.get(leaf, 'count')) {
      if (to !== undefined && isBeyond(store.compare(leaf, this.#index, to.key), to, isReverse))
        return { is: 'end' }
      store.keyAt(leaf, this.#index, this.#spare)
      return { is: 'entry', value: store.valueAt(leaf, this.#index) }
    }
    const key = isReverse ? this.#path.lowerBound() : this.#path.upperBound()
    if (key === undefined) return { is: 'end' }
    if (isFresh && !this.#isAhead(key))
      throw store.damaged('the keys of its inner nodes are out of order')
    // All that lies behind the border is at it or further: a page that has nothing of the range is not looked at.
    const isOut =
      to !== undefined &&
      (isReverse ? key.compare(to.key) <= 0 : isBeyond(key.compare(to.key), to, false))
    return isOut ? { is: 'end' } : { is: 'border', key }
  }

  /** Whether a leaf without a further entry has its border ahead; else a damaged tree would be walked forever. */
  #isAhead(border: TreeKey): boolean {
    if (this.#from === undefined) return true
    const order = border.compare(this.#from.key)
    if (!this.#bounds.isReverse) return order > 0
    return order < 0 || (order === 0 && this.#from.isInside)
  }

  #isBound(): boolean {
    return this.#from === this.#bounds.from
  }
}

function isBeyond(order: number, { isInside }: Bound, isReverse: boolean): boolean {
  if (order === 0) return !isInside
  return isReverse ? order < 0 : order > 0
}
