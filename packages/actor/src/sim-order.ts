/**
 * In which order things happen in the simulator: one clock, one seed, and whatever can happen next, of all machines. A step takes a
 * microsecond; the clock jumps to the next time at which something can happen when nothing can now.
 */
import type { MachineId } from '@katydid/abi'
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

interface Owned {
  readonly source: SimSource
  readonly machine: MachineId | null
}

/** What a step takes, in virtual milliseconds. */
const stepMs = 0.001

export class SimOrder {
  readonly clock = new VirtualClock()
  readonly random: Random
  /** Draws what happens next, and delays of messages. */
  readonly order: Random
  readonly hash = new RunHash()
  /** The machine in which the last thing happened; nil: on a wire, or outside of all. */
  acted: MachineId | null = null
  #sources: readonly Owned[] = []

  constructor(seed: number) {
    this.random = new Random(seed)
    this.order = this.random.fork()
  }

  /** `machine` is the one of which it is a part. */
  add(source: SimSource, machine: MachineId | null = null): void {
    this.#sources = [...this.#sources, { source, machine }]
  }

  remove(source: SimSource): void {
    this.#sources = this.#sources.filter((each) => each.source !== source)
  }

  /** Does one thing that can happen next, moving the clock if it must. False: nothing will ever happen again. */
  step(untilMs = Infinity): boolean {
    const now = this.clock.nowMs()
    const offers = this.#sources.map(({ source }) => source.choices(now))
    const count = offers.reduce((sum, { length }) => sum + length, 0)
    if (count === 0) {
      this.acted = null
      const next = Math.min(...this.#sources.map(({ source }) => source.nextTime()))
      if (next === Infinity || next > untilMs) return false
      this.clock.advance(Math.max(0, next - now))
      return true
    }
    this.clock.advance(stepMs)
    let chosen = this.order.below(count)
    this.hash.add(chosen)
    let at = 0
    while (chosen >= offers[at]!.length) chosen -= offers[at++]!.length
    const { machine } = this.#sources[at]!
    offers[at]![chosen]!()
    // Other things may have happened within it.
    this.acted = machine
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
