/** Time as an argument. */
export interface Clock {
  /** Milliseconds since some beginning, never going back. */
  nowMs(): number
}

// Taken as the module is loaded: while the program of a logged container runs on the thread, `performance.now` is another.
const realNow = performance.now.bind(performance)

/** The clock of the process. */
export const systemClock: Clock = { nowMs: () => realNow() }

/** A clock that moves when it is told to. */
export class VirtualClock implements Clock {
  #now = 0

  nowMs(): number {
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
  }
}
