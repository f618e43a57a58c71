/** Follows the snapshots of an open world, and what was written since the last barrier. */
import type { World } from 'katydid'
import type { Captures } from './messages.js'

export class CaptureWatch {
  readonly #world: World
  readonly #open = new Set<number>()
  #taken = 0
  #heldUs = 0
  #heldMaxUs = 0
  #barriers = 0
  #pagesAtBarrier = 0

  constructor(world: World) {
    this.#world = world
    world.on('captured', ({ capture, heldUs }) => {
      this.#open.add(capture)
      this.#taken++
      this.#heldUs += heldUs
      this.#heldMaxUs = Math.max(this.#heldMaxUs, heldUs)
    })
    world.on('recoverable', ({ capture }) => {
      for (const each of this.#open) if (each <= capture) this.#open.delete(each)
    })
    world.on('rollback', () => this.#open.clear())
  }

  /** How it stands. To be asked often: a barrier between two calls is seen at the second. */
  now(): Captures {
    const { barriers, pagesWritten } = this.#world.counters()
    if (barriers !== this.#barriers) {
      this.#barriers = barriers
      this.#pagesAtBarrier = pagesWritten
    }
    return {
      taken: this.#taken,
      open: this.#open.size,
      heldUs: this.#heldUs,
      heldMaxUs: this.#heldMaxUs,
      pagesOpen: pagesWritten - this.#pagesAtBarrier,
    }
  }
}
