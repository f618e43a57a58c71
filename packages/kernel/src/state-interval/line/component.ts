/**
 * A point that is not yet in the line, and the component it stands for: points that can only enter the line together.
 *
 * Every pending point is one `Component`; a component of several is led by one of them, to which the others lead (union-find).
 * Only a leader's lists count. A component that has entered the line is dropped whole: nothing refers to it any more.
 */
import { invariant } from '@katydid/actor'
import { TreeNode } from './link-cut.js'
import type { Meter } from './meter.js'

/** A point of `unit` at `interval` or later is needed. */
export interface Need {
  readonly unit: number
  readonly interval: number
  next: Need | null
}

export class Component extends TreeNode<Component> {
  readonly unit: number
  readonly interval: number
  /** Towards the leader; itself when it leads. */
  leader: Component = this
  /** Needs nobody has looked at yet. Each is taken from here once. */
  needs: Need | null = null
  lastNeed: Need | null = null
  /** The members, beginning with the leader. */
  nextMember: Component | null = null
  lastMember: Component = this
  /** Components that hang on this one; those that were absorbed since are among them still. */
  children: Component | null = null
  lastChild: Component | null = null
  nextSibling: Component | null = null
  /** The point that this component hangs on; null for a root. */
  witness: Component | null = null

  constructor(unit: number, interval: number) {
    super()
    this.unit = unit
    this.interval = interval
  }
}

/** The leader of the component that the point belongs to. */
export function leaderOf(point: Component, meter: Meter): Component {
  let at = point
  while (at.leader !== at) {
    meter.steps++
    // Halving the way keeps later ways short.
    at.leader = at.leader.leader
    at = at.leader
  }
  return at
}

/** Notes a need that nobody has looked at yet. */
export function addNeed(leader: Component, unit: number, interval: number): void {
  const need: Need = { unit, interval, next: null }
  if (leader.lastNeed === null) leader.needs = need
  else leader.lastNeed.next = need
  leader.lastNeed = need
}

/** Takes the first need, for ever; null when there is none left. */
export function takeNeed(leader: Component): Need | null {
  const need = leader.needs
  if (need === null) return null
  leader.needs = need.next
  if (need.next === null) leader.lastNeed = null
  return need
}

/** Notes that a component hangs on this one. */
export function addChild(leader: Component, child: Component): void {
  child.nextSibling = null
  if (leader.lastChild === null) leader.children = child
  else leader.lastChild.nextSibling = child
  leader.lastChild = child
}

/** The two components are one from now on, under the first one's leader. */
export function absorb(leader: Component, other: Component): void {
  invariant(leader.leader === leader && other.leader === other, 'SI40: only leaders are joined')
  other.leader = leader
  other.witness = null
  leader.lastMember.nextMember = other
  leader.lastMember = other.lastMember
  if (other.needs !== null) {
    if (leader.lastNeed === null) leader.needs = other.needs
    else leader.lastNeed.next = other.needs
    leader.lastNeed = other.lastNeed
  }
  if (other.children === null) return
  if (leader.lastChild === null) leader.children = other.children
  else leader.lastChild.nextSibling = other.children
  leader.lastChild = other.lastChild
}
