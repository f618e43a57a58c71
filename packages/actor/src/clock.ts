/** Time as an argument. */
export interface Clock {
  /** Milliseconds since some beginning, never going back. */
  nowMs(): number
}

/** The clock of the process. */
export const systemClock: Clock = { nowMs: () => performance.now() }

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
