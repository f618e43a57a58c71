/**
 * A simulator that calls back after each thing that happened, also inside a blocking call: so a campaign sees every moment,
 * and not only those at which the kernel says something.
 */
import { Simulator, type SimOptions } from '@katydid/actor'
import type { WatchedNetwork } from './watched-network.js'

export class WatchedSimulator extends Simulator {
  /** Steps so far. */
  steps = 0
  onStep: (() => void) | null = null
  /** Called with what an actor threw; answers whether it was dealt with. */
  onError: ((error: unknown) => boolean) | null = null
  readonly #network: WatchedNetwork | null

  constructor(seed: number | WatchedNetwork, options: SimOptions = {}) {
    super(seed, options)
    this.#network = typeof seed === 'number' ? null : seed
    this.#network?.watch(this)
  }

  override step(untilMs = Infinity): boolean {
    if (this.#network !== null) return this.#network.step(untilMs)
    let happened = true
    try {
      happened = super.step(untilMs)
    } catch (error) {
      // What an actor throws ends its thread; whoever plays the supervisor says whether that may be.
      if (this.onError?.(error) !== true) throw error
    }
    this.stepped()
    return happened
  }

  /** Something has happened in it. */
  stepped(): void {
    this.steps++
    this.onStep?.()
  }
}
