/**
 * Waiting for shared words to change: a condition is looked at in every turn of the kernel until it holds or its
 * deadline has passed. Nothing is waited for without a deadline, and nothing blocks the mail loop.
 */
import { invariant, until, type Clock, type Script } from '@katydid/actor'

interface Wait {
  readonly ready: () => boolean
  readonly deadlineMs: number
  readonly done: (ready: boolean) => void
}

/** How often conditions are looked at when nobody rings. */
const pollMs = 20

export class Waits {
  readonly #clock: Clock
  #waits: Wait[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits until `ready()`, at most `timeoutMs`; says whether it came to be. */
  *until(ready: () => boolean, timeoutMs: number): Script<boolean> {
    invariant(
      timeoutMs >= 0 && timeoutMs <= 600_000,
      'AC6: nothing is waited for without a deadline',
      {
        timeoutMs,
      },
    )
    if (ready()) return true
    const deadlineMs = this.#clock.nowMs() + timeoutMs
    return yield* until<boolean>((done) => this.#waits.push({ ready, deadlineMs, done }))
  }

  /** Looks at every condition once; milliseconds until it wants another look. */
  turn(): number {
    const looked = this.#waits
    this.#waits = []
    const now = this.#clock.nowMs()
    const over: { wait: Wait; ready: boolean }[] = []
    for (const wait of looked) {
      const ready = wait.ready()
      if (ready || now >= wait.deadlineMs) over.push({ wait, ready })
      else this.#waits.push(wait)
    }
    for (const { wait, ready } of over) wait.done(ready)
    return this.#waits.length === 0 ? Infinity : over.length > 0 ? 0 : pollMs
  }
}
