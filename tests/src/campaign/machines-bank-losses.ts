/** What losses cost a bank over machines: after each blow, which machines went back, and how many points of one container were given up with it. */
import type { Told } from './machines-bank-process.js'

export interface Loss {
  readonly second: number
  /** Blows since the books were read last. */
  readonly why: string
  readonly machines: readonly number[]
  /** Containers that went back, of all machines. */
  readonly containers: number
  /** Most captured points that a container which went back lost, by one return. */
  readonly points: number
  readonly isLagging: boolean
}

export class Losses {
  readonly all: Loss[] = []
  readonly #second: () => number
  readonly #onLoss: ((loss: Loss) => void) | undefined
  readonly #lagging = new Set<number>()
  #blows: string[] = []
  #machines = new Set<number>()
  #containers = 0
  #points = 0
  #isLagging = false

  constructor(second: () => number, onLoss: ((loss: Loss) => void) | undefined) {
    this.#second = second
    this.#onLoss = onLoss
  }

  struck(what: string): void {
    this.#blows.push(what)
  }

  hear({ rollback, line_lagging: lagging }: Told): void {
    if (lagging?.isOver === false) this.#lagging.add(lagging.machine)
    if (lagging?.isOver === true) this.#lagging.delete(lagging.machine)
    if (rollback === undefined) return
    this.#machines.add(rollback.machine)
    this.#containers += rollback.moved.length
    this.#points = Math.max(this.#points, ...rollback.moved.map(pointsLost))
    if (this.#lagging.size > 0) this.#isLagging = true
  }

  /** The books were read: what there was is one loss. */
  flush(): void {
    if (this.#blows.length > 0 || this.#machines.size > 0) {
      const loss: Loss = {
        second: this.#second(),
        why: this.#blows.join(', ') || 'nothing that was done on purpose',
        machines: [...this.#machines].sort((a, b) => a - b),
        containers: this.#containers,
        points: this.#points,
        isLagging: this.#isLagging,
      }
      this.all.push(loss)
      this.#onLoss?.(loss)
    }
    this.#blows = []
    this.#machines = new Set()
    this.#containers = this.#points = 0
    this.#isLagging = false
  }
}

/** Intervals begin anew, so far up, with each recovery. */
const aRecovery = 1e9

/** Captured points between the interval that was open and the point that was gone back to. */
function pointsLost({ from, to }: { readonly from: number; readonly to: number }): number {
  const isOfSame = Math.floor(from / aRecovery) === Math.floor(to / aRecovery)
  return Math.max(0, (from % aRecovery) - 1 - (isOfSame ? to % aRecovery : 0))
}
