/** Follows the snapshots of an open world, and what was written since the last barrier. */
import type { World } from 'katydid'
import type { MachineLives } from './machine-lives.js'
import type { Captures } from './messages.js'

export class CaptureWatch {
  readonly #lives: MachineLives
  /** Of each machine its captures that are not recoverable. */
  readonly #open = new Map<number, Set<number>>()
  #taken = 0
  #heldUs = 0
  #heldMaxUs = 0
  #barriers = 0
  #pagesAtBarrier = 0

  constructor(world: World, lives: MachineLives) {
    this.#lives = lives
    world.on('captured', ({ machine, capture, heldUs }) => {
      this.#openOn(machine).add(capture)
      this.#taken++
      this.#heldUs += heldUs
      this.#heldMaxUs = Math.max(this.#heldMaxUs, heldUs)
    })
    world.on('recoverable', ({ machine, capture }) => {
      const open = this.#openOn(machine)
      for (const each of open) if (each <= capture) open.delete(each)
    })
    world.on('rollback', ({ machine }) => this.#openOn(machine).clear())
  }

  /** How it stands. To be asked often: a barrier between two calls is seen at the second. */
  now(): Captures {
    const { barriers, pagesWritten } = this.#lives.counters()
    if (barriers !== this.#barriers) {
      this.#barriers = barriers
      this.#pagesAtBarrier = pagesWritten
    }
    return {
      taken: this.#taken,
      open: [...this.#open.values()].reduce((sum, { size }) => sum + size, 0),
      heldUs: this.#heldUs,
      heldMaxUs: this.#heldMaxUs,
      pagesOpen: pagesWritten - this.#pagesAtBarrier,
    }
  }

  #openOn(machine: number): Set<number> {
    const known = this.#open.get(machine) ?? new Set()
    this.#open.set(machine, known)
    return known
  }
}
