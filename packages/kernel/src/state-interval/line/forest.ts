/**
 * The witness forest: why each component is not yet in the line.
 *
 * A component hangs on one witness, a point it needs that is itself not in the line; so trees grow, and at each root stands a
 * component that waits for a point which does not exist, or that is being looked at. Where a root would hang on its own tree
 * the needs go round in a ring, and all components on the ring become one.
 */
import { invariant } from '@katydid/actor'
import { absorb, addChild, leaderOf, type Component } from './component.js'
import { cut, link, rootOf } from './link-cut.js'
import type { Meter } from './meter.js'

/** Whether the point's component hangs, however far down, on this root. */
export function hangsUnder(point: Component, root: Component, meter: Meter): boolean {
  invariant(root.witness === null, 'SI40: a root hangs on nothing', { unit: root.unit })
  // A root with nothing under it needs no search: this is how nearly every point meets nearly every need.
  return root.children !== null && rootOf(point, meter) === root
}

/** Hangs a root on a point of another tree: as long as that one is not in the line, neither is the root. */
export function hang(root: Component, witness: Component, meter: Meter): void {
  link(root, witness, meter)
  root.witness = witness
  addChild(leaderOf(witness, meter), root)
}

/** The point needs the root and the root needs the point: all components on the way between them become the root's. */
export function closeRing(root: Component, point: Component, meter: Meter): void {
  let at = leaderOf(point, meter)
  while (at !== root) {
    const { witness } = at
    invariant(witness !== null, 'SI40: a ring is closed within one tree', { unit: at.unit })
    absorb(root, at)
    at = leaderOf(witness, meter)
  }
}

/** Cuts loose everything that hangs on a component that is in the line now; each is a root then. */
export function release(root: Component, meter: Meter, loose: Component[]): void {
  let child = root.children
  while (child !== null) {
    const next: Component | null = child.nextSibling
    meter.steps++
    // One that was absorbed is a member and goes with the root.
    if (child.leader === child) {
      cut(child, meter)
      child.witness = null
      child.nextSibling = null
      loose.push(child)
    }
    child = next
  }
}
