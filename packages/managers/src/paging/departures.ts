/**
 * Frames that nobody needs any more: they return to the reserve when every locus has acknowledged that their translation
 * is gone (M1) and no transfer uses them.
 */
import type { Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PagingContext } from './paging-context.js'
import { frameStates } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'

export class Departures {
  readonly #context: Pick<PagingContext, 'frames' | 'reserve'>
  #leaving: Frame[] = []

  constructor(context: Pick<PagingContext, 'frames' | 'reserve'>) {
    this.#context = context
  }

  get count(): number {
    return this.#leaving.length
  }

  /** The frame leaves; `generation` is that of its removal (as noted already when not given). */
  leave(frame: Frame, generation?: number): void {
    const container = this.#context.frames.container(frame)
    const state = this.#context.frames.state(frame)
    invariant(container !== null, 'MG2: a frame that leaves held a page', { frame })
    invariant(
      state !== frameStates.leaving && state !== frameStates.free,
      'MG2: a frame leaves once',
      { frame, state },
    )
    this.#context.frames.become(frame, frameStates.leaving, generation)
    container.awaited++
    this.#leaving.push(frame)
  }

  /** The frame is needed after all. */
  recall(frame: Frame): void {
    const before = this.#leaving.length
    this.#leaving = this.#leaving.filter((each) => each !== frame)
    if (this.#leaving.length < before) this.#context.frames.container(frame)!.awaited--
  }

  /** The container has another descriptor: what leaves it waits for `generation` of that one. */
  rebase(container: PagedContainer, generation: number): void {
    const { frames } = this.#context
    for (const frame of this.#leaving)
      if (frames.container(frame) === container)
        frames.become(frame, frameStates.leaving, generation)
  }

  /** Frees what can be freed now. */
  settle(): void {
    if (this.#leaving.length === 0) return
    const { frames, reserve } = this.#context
    this.#leaving = this.#leaving.filter((frame) => {
      const container = frames.container(frame)!
      if (frames.isBusy(frame)) return true
      if (container.lcd !== null && !container.lcd.acknowledged(frames.generation(frame)))
        return true
      container.awaited--
      invariant(container.awaited >= 0, 'ME1: every removal is awaited once', {
        token: container.token,
      })
      frames.free(frame)
      reserve.put(frame)
      return false
    })
  }
}
