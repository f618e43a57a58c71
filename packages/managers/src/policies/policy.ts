/**
 * Replacement as a plug: which of the pages in memory goes next. A policy is told when a page comes into a frame, is
 * referenced as far as the manager sees it, and leaves; it orders victims among what may go.
 *
 * It never does anything itself: no I/O, no clock, no page table. A manager has one policy and any manager any policy.
 */
import type { Frame } from '@katydid/abi'

/** What a policy may ask of the frames while it chooses. */
export interface Candidates {
  /** Whether the page in the frame can go now. Only of frames that were inserted and not removed. */
  allows(frame: Frame): boolean
  /** Whether it would have to be written first. */
  isDirty(frame: Frame): boolean
  /** Whether the page was touched since this was last asked; asking clears the sign. */
  wasTouched(frame: Frame): boolean
}

export interface ReplacementPolicy {
  /** A page came into the frame. */
  inserted(frame: Frame): void
  /** The manager saw a reference: not every one, as hits pass it by. */
  referenced(frame: Frame): void
  /** The frame no longer holds a live page. Said twice is ok. */
  removed(frame: Frame): void
  /**
   * Up to `wanted` different victims, the first to go first; all of them are allowed. `rounds`: with one, a policy that
   * looks at references may leave alone whatever was touched; with two there is a victim whenever one is allowed.
   */
  choose(wanted: number, candidates: Candidates, rounds: 1 | 2): Frame[]
}
