/** How long a machine that has failed waits before it is started again, and when it is not any more. */

const windowMs = 60_000
const mostInWindow = 8
const firstMs = 100
const longestMs = 5_000

export class Restarts {
  readonly #now: () => number
  #failures: number[] = []

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Notes a failure: milliseconds until the next start, doubled by each of late; null: it has failed too often within a minute. */
  next(): number | null {
    const now = this.#now()
    this.#failures = this.#failures.filter((at) => now - at < windowMs)
    this.#failures.push(now)
    const count = this.#failures.length
    return count > mostInWindow ? null : Math.min(longestMs, firstMs * 2 ** (count - 1))
  }

  /** Somebody starts it: what was is forgotten. */
  forget(): void {
    this.#failures = []
  }
}
