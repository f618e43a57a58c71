/**
 * A change of a leaf that does not fit into it, or leaves it nearly empty, and what follows from that further up.
 *
 * A node with too much becomes two; one with too little is joined with a neighbour when both fit into one page, else it
 * takes entries from it. Each of these changes the parent's entries, which may then be too many or too few. The root's
 * page stays: what is too much for it moves down, and its only child moves up into it.
 */
import { LocusError } from '../locus-error.js'
import { bytesOfAll, childEntry, NodeImage, type EntryRef } from './node-image.js'
import { TreeChange } from './tree-change.js'
import { TreeKey } from './tree-key.js'
import { leastUsed, nodeRoom } from './tree-layout.js'
import type { TreePath } from './tree-path.js'
import type { TreeStore } from './tree-store.js'

/** What a node is to hold: the child before the entries (0 in a leaf), and these. */
interface Content {
  readonly level: number
  readonly first: number
  readonly refs: EntryRef[]
}

/** Two nodes and the key at which the second begins. */
interface Halves {
  readonly left: Content
  readonly key: TreeKey
  readonly right: Content
}

/**
 * Gives the leaf of the path these entries. `isAppend`: the last of them is new, and the last of the tree; then the full
 * node stays full. `no_resource`: the heap is full. With any `LocusError` nothing has changed.
 */
export function restructure(
  store: TreeStore,
  path: TreePath,
  refs: EntryRef[],
  isAppend: boolean,
): void {
  const change = new TreeChange(store)
  try {
    gather({ store, change, path, refs, isAppend })
  } catch (error) {
    if (error instanceof LocusError) change.leave()
    throw error
  }
  change.commit()
}

function gather(given: {
  store: TreeStore
  change: TreeChange
  path: TreePath
  refs: EntryRef[]
  isAppend: boolean
}): void {
  const { store, change, path, refs, isAppend } = given
  let content: Content = { level: 0, first: 0, refs }
  for (let { depth } = path; depth > 0; depth--) {
    const node = path.nodes[depth]!
    const parent = contentOf(change.image(path.nodes[depth - 1]!))
    const position = path.positions[depth - 1]!
    const bytes = bytesOfAll(content.refs)
    if (bytes > nodeRoom) {
      const { left, key, right } = halve(content, isAppend)
      const added = change.add()
      change.write(node, imageOf(store, left))
      change.write(added, imageOf(store, right))
      parent.refs.splice(position, 0, childEntry(store, key, added))
    } else if (bytes < leastUsed && parent.refs.length > 0)
      share({ store, change, node, content, parent, position })
    else {
      change.write(node, imageOf(store, content))
      // Only one that has nothing and is its parent's only child needs a parent with more children.
      if (bytes >= leastUsed || content.refs.length > 0) return
    }
    content = parent
  }
  settleRoot(store, change, path.nodes[0]!, content, isAppend)
}

/** Joins a node that has too little with a neighbour, or evens them out. */
function share(given: {
  store: TreeStore
  change: TreeChange
  node: number
  content: Content
  parent: Content
  position: number
}): void {
  const { store, change, node, content, parent, position } = given
  // The neighbour behind, or before for the last child; `between` is the parent's entry that separates them.
  const isLast = position === parent.refs.length
  const between = isLast ? position - 1 : position
  const separator = parent.refs[between]!
  const neighbour = isLast ? childBefore(parent, between) : childOf(separator)
  const other = contentOf(change.image(neighbour))
  if (other.level !== content.level)
    throw store.damaged(`the node at ${neighbour} is of level ${other.level}`)
  const [left, right] = isLast ? [other, content] : [content, other]
  const [leftNode, rightNode] = isLast ? [neighbour, node] : [node, neighbour]
  const joined: Content = {
    level: left.level,
    first: left.first,
    refs: [...left.refs, ...downward(store, separator, right), ...right.refs],
  }
  if (bytesOfAll(joined.refs) <= nodeRoom) {
    change.write(leftNode, imageOf(store, joined))
    change.drop(rightNode)
    parent.refs.splice(between, 1)
    return
  }
  const halves = halve(joined, false)
  change.write(leftNode, imageOf(store, halves.left))
  change.write(rightNode, imageOf(store, halves.right))
  parent.refs[between] = childEntry(store, halves.key, rightNode)
}

/** What is too much for the root moves down; a child that is its only one moves up. */
function settleRoot(
  store: TreeStore,
  change: TreeChange,
  root: number,
  content: Content,
  isAppend: boolean,
): void {
  let top = content
  if (bytesOfAll(top.refs) > nodeRoom) {
    const { left, key, right } = halve(top, isAppend)
    const first = change.add()
    const second = change.add()
    change.write(first, imageOf(store, left))
    change.write(second, imageOf(store, right))
    top = { level: top.level + 1, first, refs: [childEntry(store, key, second)] }
  }
  while (top.level > 0 && top.refs.length === 0) {
    const child = top.first
    top = contentOf(change.image(child))
    change.drop(child)
  }
  change.write(root, imageOf(store, top))
}

/** Cuts what is too much for one node in two, in the middle or, for an append, at its end. */
function halve({ level, first, refs }: Content, isAppend: boolean): Halves {
  const isLeaf = level === 0
  const last = isLeaf ? refs.length - 1 : refs.length - 2
  const cut = isAppend ? last : Math.min(last, middleOf(refs))
  const left: Content = { level, first, refs: refs.slice(0, cut) }
  const next = refs[cut]!
  if (!isLeaf) {
    // The entry at the cut goes up: its key says where its child's keys begin.
    const right: Content = { level, first: childOf(next), refs: refs.slice(cut + 1) }
    return { left, key: next.image.keyAt(next.index), right }
  }
  const before = refs[cut - 1]!
  const key = TreeKey.between(before.image.keyAt(before.index), next.image.keyAt(next.index))
  return { left, key, right: { level, first, refs: refs.slice(cut) } }
}

/** Index before which half of the bytes lie, at least 1. */
function middleOf(refs: readonly EntryRef[]): number {
  const half = bytesOfAll(refs) / 2
  let bytes = 0
  let index = 0
  while (bytes < half) {
    const { image, index: at } = refs[index++]!
    bytes += image.bytesOf(at)
  }
  return index
}

/** The entry that comes down between two inner nodes when they are joined. */
function downward(store: TreeStore, separator: EntryRef, right: Content): EntryRef[] {
  if (right.level === 0) return []
  return [childEntry(store, separator.image.keyAt(separator.index), right.first)]
}

function contentOf(image: NodeImage): Content {
  return { level: image.level, first: image.first, refs: image.refs() }
}

function imageOf(store: TreeStore, { level, first, refs }: Content): NodeImage {
  return NodeImage.make(store, level, first, refs)
}

function childOf({ image, index }: EntryRef): number {
  return image.childAt(index)
}

function childBefore({ first, refs }: Content, index: number): number {
  return index === 0 ? first : childOf(refs[index - 1]!)
}
