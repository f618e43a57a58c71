/**
 * Who waits for a barrier, and what the last one covered. A barrier covers what was written before it began; one releases all whose writes it
 * covers, and nobody else. After one has failed, nothing is durable any more: the system may have dropped what it was for, and a later success would
 * not say so.
 */
import { invariant } from '@katydid/actor'

/** Something that makes durable what was written before `begin`, and reports later: null, or what went wrong. */
export interface Barrier {
  begin(done: (problem: string | null) => void): void
}

/** `problem` is null when what was waited for is durable. */
export type Release = (problem: string | null) => void

interface Waiter {
  readonly need: number
  readonly release: Release
  /** Somebody outside the driver, to whom the release is an acknowledgement. */
  readonly isOutside: boolean
}

export class Durability {
  readonly #barrier: Barrier
  #waiters: Waiter[] = []
  #written = 0
  #durable = 0
  #underWay = false
  #failed: string | null = null

  constructor(barrier: Barrier) {
    this.#barrier = barrier
  }

  /** Something was written: from now on a barrier is needed for it. */
  wrote(): void {
    this.#written += 1
  }

  /** Releases when all that has been written is durable: at once if it is. `isOutside`: the release acknowledges something. */
  ask(release: Release, isOutside = true): void {
    invariant(this.#durable <= this.#written, 'DK1: only what was written is durable', {
      durable: this.#durable,
    })
    if (this.#failed !== null) release(this.#failed)
    else if (this.#durable === this.#written) release(null)
    else this.#waiters.push({ need: this.#written, release, isOutside })
  }

  /** Whether somebody waits and no barrier is under way for anybody. */
  get isWanted(): boolean {
    return this.#waiters.length > 0 && !this.#underWay
  }

  /** Begins a barrier for all that was written. `ended` comes before the waiters: the problem or null, and how many outside it releases. */
  begin(ended: (problem: string | null, released: number) => void): void {
    invariant(this.isWanted, 'DK5: a barrier begins when somebody waits and none is under way')
    const covers = this.#written
    this.#underWay = true
    this.#barrier.begin((problem) => {
      this.#underWay = false
      if (this.#failed !== null) return
      if (problem === null) this.#durable = covers
      const due = this.#waiters.filter(({ need }) => problem !== null || need <= covers)
      ended(problem, due.filter(({ isOutside }) => isOutside).length)
      if (problem === null) this.#release(due)
    })
  }

  /** Nothing is durable from now on: all who wait are told. */
  fail(sentence: string): void {
    if (this.#failed === null) this.#failed = sentence
    const waiting = this.#waiters
    this.#waiters = []
    for (const { release } of waiting) release(sentence)
  }

  #release(due: readonly Waiter[]): void {
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter))
    for (const waiter of due) {
      invariant(
        waiter.need <= this.#durable,
        'DK1: nobody is released before a barrier covers his writes',
        {
          need: waiter.need,
          durable: this.#durable,
        },
      )
      waiter.release(null)
    }
  }
}
