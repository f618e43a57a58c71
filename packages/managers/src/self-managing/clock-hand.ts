/**
 * CLOCK with second chance over the frames of the page set: a page touched since the hand last passed stays this time,
 * a clean page goes before a dirty one. It only chooses; it changes nothing but present bits.
 */
import { asFrame, type Frame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Context } from './context.js'
import { frameStates } from './frame-table.js'

export class ClockHand {
  readonly #context: Context
  #at = 0

  constructor(context: Context) {
    this.#context = context
  }

  /**
   * Up to `wanted` victims: clean ones, then dirty ones if those are too few. `rounds`: with one, whatever was touched stays
   * this time; with two there is a victim whenever there can be one.
   */
  choose(wanted: number, rounds: 1 | 2): Frame[] {
    const { frames } = this.#context
    invariant(wanted > 0, 'MG5: the hand is moved for a reason', { wanted })
    invariant(this.#at < frames.count, 'MG5: the hand points at a frame of the machine', {
      at: this.#at,
    })
    const clean: Frame[] = []
    const dirty: Frame[] = []
    for (let step = 0; step < rounds * frames.count && clean.length < wanted; step++) {
      const frame = asFrame(frames.first + this.#at)
      this.#at = (this.#at + 1) % frames.count
      if (frames.state(frame) !== frameStates.shown || frames.isBusy(frame)) continue
      const container = frames.container(frame)!
      const page = frames.page(frame)
      if (container.sharedBy(page) !== undefined) continue
      if (container.lcd!.ageOut(page * this.#context.pageBytes)) continue
      if (!container.open.dirty.has(page)) clean.push(frame)
      else if (dirty.length < wanted) dirty.push(frame)
    }
    return [...new Set([...clean, ...dirty])].slice(0, wanted)
  }
}
