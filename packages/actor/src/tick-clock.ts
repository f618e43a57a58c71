/**
 * A clock for deadlines that counts the supervisor's ticks, so that a stop of the whole process counts as one tick and not as
 * everybody's silence: after it, nobody is late who was not late before. Between ticks it goes as the clock below does.
 */
import { systemClock, type Clock } from './clock.js'
import type { Region } from './region.js'

/** How often the supervisor raises the tick word. */
const tickMs = 100

export class TickClock implements Clock {
  readonly #region: Region
  readonly #word: number
  readonly #below: Clock
  #now = 0
  #lastMs: number
  #lastTick: number

  constructor(region: Region, below: Clock = systemClock) {
    this.#region = region
    this.#word = region.machineWord('tick')
    this.#below = below
    this.#lastMs = below.nowMs()
    this.#lastTick = region.words.load(this.#word)
  }

  nowMs(): number {
    const ms = this.#below.nowMs()
    const tick = this.#region.words.load(this.#word)
    // One more than was counted: a tick may be under way, and a supervisor that is busy must not stop the time.
    const most = (((tick - this.#lastTick) | 0) + 1) * tickMs
    this.#now += Math.min(ms - this.#lastMs, most)
    this.#lastMs = ms
    this.#lastTick = tick
    return this.#now
  }
}
