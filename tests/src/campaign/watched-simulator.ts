/**
 * A simulator that calls back after each thing that happened, also inside a blocking call: so a campaign sees every moment,
 * and not only those at which the kernel says something.
 */
import { Simulator } from '@katydid/actor'

export class WatchedSimulator extends Simulator {
  /** Steps so far. */
  steps = 0
  onStep: (() => void) | null = null
  /** Called with what an actor threw; answers whether it was dealt with. */
  onError: ((error: unknown) => boolean) | null = null

  override step(untilMs = Infinity): boolean {
    let happened = true
    try {
      happened = super.step(untilMs)
    } catch (error) {
      // What an actor throws ends its thread; whoever plays the supervisor says whether that may be.
      if (this.onError?.(error) !== true) throw error
    }
    this.steps++
    this.onStep?.()
    return happened
  }
}
