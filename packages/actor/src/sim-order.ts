/**
 * In which order things happen in the simulator: one clock, one seed, and whatever can happen next, of all machines. A step takes a
 * microsecond; the clock jumps to the next time at which something can happen when nothing can now.
 */
import { VirtualClock } from './clock.js'
import { RunHash } from './hash.js'
import { Random } from './random.js'

export type Choice = () => void

/** A part of a simulated world: what can happen in it now, and when something next can. */
export interface SimSource {
  choices(nowMs: number): readonly Choice[]
  /** Virtual time; Infinity when nothing waits for time. */
  nextTime(): number
}

/** What a step takes, in virtual milliseconds. */
const stepMs = 0.001

export class SimOrder {
  readonly clock = new VirtualClock()
  readonly random: Random
  /** Draws what happens next, and delays of messages. */
  readonly order: Random
  readonly hash = new RunHash()
  #sources: readonly SimSource[] = []

  constructor(seed: number) {
    this.random = new Random(seed)
    this.order = this.random.fork()
  }

  add(source: SimSource): void {
    this.#sources = [...this.#sources, source]
  }

  remove(source: SimSource): void {
    this.#sources = this.#sources.filter((each) => each !== source)
  }

  /** Does one thing that can happen next, moving the clock if it must. False: nothing will ever happen again. */
  step(untilMs = Infinity): boolean {
    const now = this.clock.nowMs()
    const choices = this.#sources.flatMap((source) => source.choices(now))
    if (choices.length === 0) {
      const next = Math.min(...this.#sources.map((source) => source.nextTime()))
      if (next === Infinity || next > untilMs) return false
      this.clock.advance(Math.max(0, next - now))
      return true
    }
    this.clock.advance(stepMs)
    const chosen = this.order.below(choices.length)
    this.hash.add(chosen)
    choices[chosen]!()
    return true
  }
}

/** Steps until nothing more happens or the clock has passed `untilMs`. */
export function runSteps(world: SteppedWorld, untilMs: number): void {
  while (world.clock.nowMs() < untilMs && world.step(untilMs)) {
    // Each step is the whole work.
  }
}

/** Steps until the condition holds. False when the world came to rest without, or `untilMs` passed. */
export function runStepsUntil(
  world: SteppedWorld,
  condition: () => boolean,
  untilMs: number,
): boolean {
  while (!condition()) {
    if (world.clock.nowMs() >= untilMs || !world.step(untilMs)) return false
  }
  return true
}

interface SteppedWorld {
  readonly clock: VirtualClock
  step(untilMs?: number): boolean
}
