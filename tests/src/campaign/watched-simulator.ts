/**
 * A simulator that calls back after each thing that happened, also inside a blocking call: so a campaign sees every moment,
 * and not only those at which the kernel says something.
 */
import { Simulator } from '@katydid/actor'

export class WatchedSimulator extends Simulator {
  /** Steps so far. */
  steps = 0
  onStep: (() => void) | null = null

  override step(untilMs = Infinity): boolean {
    const happened = super.step(untilMs)
    this.steps++
    this.onStep?.()
    return happened
  }
}
