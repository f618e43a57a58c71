/** Threads of code in the simulator: generators that give way at each yield. */
import type { VirtualClock } from './clock.js'
import type { RunHash } from './hash.js'
import { Crashed } from './sim-endpoint.js'
import type { Choice, SimSource } from './sim-order.js'

/** What a task yields: go on at any later step, go on after so many milliseconds, or when the condition holds. */
export type Yielded = 'step' | number | (() => boolean)
export type SimTask = Generator<Yielded, void, void>

interface Running {
  readonly name: string
  readonly task: SimTask
  wait: Yielded
  since: number
  busy: boolean
}

export class SimTasks implements SimSource {
  readonly #clock: VirtualClock
  readonly #hash: RunHash
  #tasks: Running[] = []

  constructor(clock: VirtualClock, hash: RunHash) {
    this.#clock = clock
    this.#hash = hash
  }

  add(name: string, task: SimTask): void {
    this.#tasks.push({ name, task, wait: 'step', since: 0, busy: false })
  }

  choices(nowMs: number): readonly Choice[] {
    return this.#tasks
      .filter((running) => !running.busy && isReady(running, nowMs))
      .map((running) => () => this.#resume(running))
  }

  nextTime(): number {
    let next = Infinity
    for (const { wait, since, busy } of this.#tasks)
      if (!busy && typeof wait === 'number') next = Math.min(next, since + wait)
    return next
  }

  #resume(running: Running): void {
    running.busy = true
    this.#hash.addBytes(Buffer.from(running.name))
    try {
      const { done, value } = running.task.next()
      running.wait = value ?? 'step'
      running.since = this.#clock.nowMs()
      if (done === true) this.#end(running)
    } catch (error) {
      this.#end(running)
      if (!(error instanceof Crashed)) throw error
    }
    running.busy = false
  }

  #end(running: Running): void {
    this.#tasks = this.#tasks.filter((other) => other !== running)
  }
}

function isReady({ wait, since }: Running, now: number): boolean {
  if (wait === 'step') return true
  return typeof wait === 'number' ? now >= since + wait : wait()
}
