/**
 * Trees that answer which root a node hangs under, in logarithmic amortized time however long the way is.
 *
 * Link-cut trees (Sleator and Tarjan): each tree is held as paths, each path as a splay tree ordered from the root down. A
 * node's `above` is its parent in that splay tree; of the splay tree's top it is the node that the whole path hangs on.
 * Nothing here knows what the nodes mean, and only roots are ever linked.
 */
import { invariant } from '@katydid/actor'
import type { Meter } from './meter.js'

export class TreeNode<N extends TreeNode<N>> {
  above: N | null = null
  /** Nearer to the root, on the same path. */
  left: N | null = null
  /** Further from the root, on the same path. */
  right: N | null = null
}

/** The root of the node's tree. */
export function rootOf<N extends TreeNode<N>>(node: N, meter: Meter): N {
  expose(node, meter)
  let root = node
  while (root.left !== null) {
    meter.steps++
    root = root.left
  }
  // The long way down is paid for by bringing its end to the top.
  splay(root, meter)
  return root
}

/** Hangs a root, with all that hangs under it, under a node of another tree. */
export function link<N extends TreeNode<N>>(root: N, parent: N, meter: Meter): void {
  expose(root, meter)
  invariant(root.left === null, 'SI40: only a root is hung')
  root.above = parent
}

/** Takes a node off its parent; it is a root then, with all that hangs under it. */
export function cut<N extends TreeNode<N>>(node: N, meter: Meter): void {
  expose(node, meter)
  const nearer: N | null = node.left
  invariant(nearer !== null, 'SI40: only a node that hangs is cut')
  nearer.above = null
  node.left = null
}

/** Makes the way from the root to the node one path that ends there, with the node on top of its splay tree. */
function expose<N extends TreeNode<N>>(node: N, meter: Meter): void {
  splay(node, meter)
  node.right = null
  while (node.above !== null) {
    const joint: N = node.above
    splay(joint, meter)
    joint.right = node
    splay(node, meter)
  }
}

function isTop<N extends TreeNode<N>>(node: N): boolean {
  return node.above === null || (node.above.left !== node && node.above.right !== node)
}

function splay<N extends TreeNode<N>>(node: N, meter: Meter): void {
  meter.steps++
  while (!isTop(node)) {
    const parent: N = node.above!
    if (!isTop(parent)) {
      const isStraight = (parent.above!.left === parent) === (parent.left === node)
      rotate(isStraight ? parent : node, meter)
    }
    rotate(node, meter)
  }
}

/** Brings a node above its parent in the splay tree; the order of the path stays. */
function rotate<N extends TreeNode<N>>(node: N, meter: Meter): void {
  meter.steps++
  const parent: N = node.above!
  const grand: N | null = parent.above
  const isLeft = parent.left === node
  const moved: N | null = isLeft ? node.right : node.left
  if (isLeft) {
    parent.left = moved
    node.right = parent
  } else {
    parent.right = moved
    node.left = parent
  }
  if (moved !== null) moved.above = parent
  if (grand !== null) {
    if (grand.left === parent) grand.left = node
    else if (grand.right === parent) grand.right = node
  }
  node.above = grand
  parent.above = node
}
