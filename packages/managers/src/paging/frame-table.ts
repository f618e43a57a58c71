/**
 * The frames of the manager's page set: what each holds and what it waits for. Typed arrays by frame number.
 *
 * A frame is `free` (in the reserve), then `shown` (the live content of a page, in the page table or not),
 * `removing` (taken out of the page table, until every locus has acknowledged; a fault makes it shown again),
 * `kept` (no longer the live page, but an unwritten version needs it) or `leaving` (nobody needs it; free when
 * acknowledged and no transfer uses it). Only the manager's thread touches this table.
 */
import type { Frame } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import type { ReplacementPolicy } from '../policies/policy.js'
import type { PagedContainer } from './paged-container.js'

export const frameStates = {
  notOurs: 0,
  free: 1,
  shown: 2,
  removing: 3,
  kept: 4,
  leaving: 5,
} as const
export type FrameState = (typeof frameStates)[keyof typeof frameStates]

export class FrameTable {
  readonly first: number
  readonly count: number
  readonly #region: Region
  readonly #policy: ReplacementPolicy
  readonly #state: Uint8Array
  readonly #transfers: Uint8Array
  readonly #generation: Int32Array
  readonly #page: Float64Array
  readonly #container: (PagedContainer | null)[]

  /** `policy` is told of every page that comes into a frame, and leaves it. */
  constructor(region: Region, policy: ReplacementPolicy) {
    this.#region = region
    this.#policy = policy
    this.first = region.plan.firstFrame / region.plan.shape.pageBytes
    this.count = region.plan.shape.frames
    this.#state = new Uint8Array(this.count)
    this.#transfers = new Uint8Array(this.count)
    this.#generation = new Int32Array(this.count)
    this.#page = new Float64Array(this.count)
    this.#container = Array.from({ length: this.count }, () => null)
  }

  state(frame: Frame): FrameState {
    return this.#state[this.#at(frame)] as FrameState
  }

  page(frame: Frame): number {
    return this.#page[this.#at(frame)]!
  }

  container(frame: Frame): PagedContainer | null {
    return this.#container[this.#at(frame)]!
  }

  /** The generation that must be acknowledged before a `removing`, `kept` or `leaving` frame is used anew. */
  generation(frame: Frame): number {
    return this.#generation[this.#at(frame)]!
  }

  /** A frame comes to the page set, or goes from it. */
  own(frame: Frame, ours: boolean): void {
    const at = this.#at(frame)
    const from = ours ? frameStates.notOurs : frameStates.free
    invariant(
      this.#state[at] === from,
      'PS1: a frame comes to a page set once and leaves it free',
      {
        frame,
        state: this.#state[at],
      },
    )
    this.#state[at] = ours ? frameStates.free : frameStates.notOurs
  }

  /** The frame shows `page` of `container` from now on. */
  hold(frame: Frame, container: PagedContainer, page: number): void {
    const at = this.#at(frame)
    invariant(this.#state[at] === frameStates.free, 'MG2: a page is brought into a free frame', {
      frame,
      state: this.#state[at],
    })
    this.#state[at] = frameStates.shown
    this.#container[at] = container
    this.#page[at] = page
    this.#policy.inserted(frame)
  }

  /** The page that the frame shows is `container`'s from now on, at the same place. */
  handOver(frame: Frame, container: PagedContainer): void {
    const at = this.#at(frame)
    invariant(this.#state[at] === frameStates.shown, 'TX1: what is committed was shown', {
      frame,
      state: this.#state[at],
    })
    this.#container[at] = container
  }

  /** Changes the state of a frame that holds something. */
  become(frame: Frame, state: FrameState, generation?: number): void {
    const at = this.#at(frame)
    invariant(this.#container[at] !== null, 'MG2: a frame that changes its state holds a page', {
      frame,
      state,
    })
    this.#state[at] = state
    if (state === frameStates.kept || state === frameStates.leaving) this.#policy.removed(frame)
    if (generation !== undefined) this.#generation[at] = generation
  }

  /** The frame holds nothing any more. */
  free(frame: Frame): void {
    const at = this.#at(frame)
    invariant(!this.isBusy(frame), 'ME6: a frame with a transfer in flight is not freed', { frame })
    this.#state[at] = frameStates.free
    this.#container[at] = null
    this.#policy.removed(frame)
  }

  beginWrite(frame: Frame): void {
    invariant(
      this.state(frame) > frameStates.free,
      'ME6: a frame is written while it holds a page',
      { frame },
    )
    this.#transfers[this.#at(frame)]!++
  }

  endWrite(frame: Frame): void {
    const at = this.#at(frame)
    invariant(this.#transfers[at]! > 0, 'ME6: a transfer ends once', { frame })
    this.#transfers[at]!--
  }

  /** Whether a disk may be reading the frame: a write is unanswered, or its completion was never seen. */
  isBusy(frame: Frame): boolean {
    return (
      this.#transfers[this.#at(frame)]! > 0 ||
      this.#region.words.load(this.#region.frameWord(frame, 'transfer')) !== 0
    )
  }

  #at(frame: Frame): number {
    return frame - this.first
  }
}
