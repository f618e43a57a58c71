/**
 * Real code on shared words, run by real threads, one step at a time in an order drawn from a seed.
 *
 * Exactly one thread has the baton and runs. Each call on its `BatonWords` is a step: before it, the baton goes to a thread
 * drawn from the seed, perhaps the same one. Waiting and notifying are modelled: a thread that waits is not drawn until it is
 * notified; when all wait, virtual time jumps to the first time-out, and when there is none, all throw `BatonDeadlock`.
 * What a thread does between two steps is not interleaved; `step` adds a scheduling point where plain accesses matter.
 */
import type { Clock } from './clock.js'
import { invariant } from './invariant.js'
import { Random } from './random.js'
import type { Words } from './words.js'

/** All threads wait, and nothing will ever wake one. */
export class BatonDeadlock extends Error {}

const threadStates = { absent: 0, runnable: 1, waiting: 2 } as const
const outcomes = ['ok', 'timed-out'] as const

// The control block, in words: a head, then one record a thread.
const head = {
  threads: 0,
  joined: 1,
  random: 2,
  steps: 3,
  hash: 4,
  failed: 5,
  arrivals: 6,
} as const
const headWords = 16
const record = { go: 0, state: 1, index: 2, outcome: 3, arrival: 4, deadline: 6 } as const
const recordWords = 16
/** Real time without a turn after which a thread gives up: somebody died with the baton, or blocks outside it. */
const giveUpMs = 10_000
/** What a step takes, in virtual milliseconds. */
const stepMs = 0.001
/** Word pair of the head that holds the virtual time, as a float 64. */
const nowPair = 4

export interface BatonHandle {
  readonly control: SharedArrayBuffer
}

/** Makes the control block for `threads` threads; post it to them. */
export function createBaton(threads: number): BatonHandle {
  const control = new SharedArrayBuffer((headWords + threads * recordWords) * 4)
  new Int32Array(control)[head.threads] = threads
  return { control }
}

/** One thread's words under the baton. `thread` counts from 0. */
export class BatonWords implements Words, Clock {
  readonly #view: Int32Array<SharedArrayBuffer>
  readonly #control: Int32Array<SharedArrayBuffer>
  readonly #times: Float64Array<SharedArrayBuffer>
  readonly #threads: number
  readonly #thread: number
  readonly #mine: number

  constructor(view: Int32Array<SharedArrayBuffer>, handle: BatonHandle, thread: number) {
    this.#view = view
    this.#control = new Int32Array(handle.control)
    this.#times = new Float64Array(handle.control)
    this.#threads = this.#control[head.threads]!
    this.#thread = thread
    this.#mine = this.#record(thread)
    invariant(thread < this.#threads, 'AC18: a baton knows its threads', { thread })
  }

  /** Begins a round: returns when all threads have joined and this one is drawn. All give the same seed. */
  join(seed: number): void {
    const control = this.#control
    if (Atomics.add(control, head.joined, 1) + 1 === this.#threads) {
      control[head.joined] = 0
      control[head.random] = new Random(seed).next()
      control[head.steps] = 0
      control[head.hash] = 0
      control[head.failed] = 0
      this.#times[nowPair] = 0
      // Only now: somebody who joins early must not be drawn in the round that still runs.
      for (let n = 0; n < this.#threads; n++)
        control[this.#record(n) + record.state] = threadStates.runnable
      this.#give(this.#draw())
    }
    this.#await()
  }

  /** Ends this thread's part in the round. The memory it shared may be looked at when all have left. */
  leave(): void {
    this.#control[this.#mine + record.state] = threadStates.absent
    const next = this.#next()
    if (next >= 0) this.#give(next)
  }

  /** A scheduling point of its own. */
  step(): void {
    const next = this.#next()
    if (next === this.#thread) return
    this.#give(next)
    this.#await()
  }

  /** Virtual milliseconds since the round began. */
  nowMs(): number {
    return this.#times[nowPair]!
  }

  /** Steps of the round so far, and a hash of who took them. */
  get trace(): { readonly steps: number; readonly hash: number } {
    return { steps: this.#control[head.steps]!, hash: this.#control[head.hash]! >>> 0 }
  }

  load(index: number): number {
    this.step()
    return Atomics.load(this.#view, index)
  }

  store(index: number, value: number): void {
    this.step()
    Atomics.store(this.#view, index, value)
  }

  exchange(index: number, value: number): number {
    this.step()
    return Atomics.exchange(this.#view, index, value)
  }

  compareExchange(index: number, expected: number, value: number): number {
    this.step()
    return Atomics.compareExchange(this.#view, index, expected, value)
  }

  add(index: number, value: number): number {
    this.step()
    return Atomics.add(this.#view, index, value)
  }

  or(index: number, bits: number): number {
    this.step()
    return Atomics.or(this.#view, index, bits)
  }

  and(index: number, bits: number): number {
    this.step()
    return Atomics.and(this.#view, index, bits)
  }

  wait(index: number, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    this.step()
    if (Atomics.load(this.#view, index) !== expected) return 'not-equal'
    const control = this.#control
    control[this.#mine + record.state] = threadStates.waiting
    control[this.#mine + record.index] = index
    control[this.#mine + record.arrival] = ++control[head.arrivals]!
    this.#times[(this.#mine + record.deadline) >> 1] = this.nowMs() + timeoutMs
    const next = this.#next()
    if (next !== this.#thread) {
      this.#give(next)
      this.#await()
    }
    return outcomes[control[this.#mine + record.outcome]!] ?? 'ok'
  }

  notify(index: number, most: number): number {
    this.step()
    const control = this.#control
    const sleepers = this.#those(
      (at) =>
        control[at + record.state] === threadStates.waiting && control[at + record.index] === index,
    ).sort((a, b) => this.#arrival(a) - this.#arrival(b))
    const woken = sleepers.slice(0, most)
    for (const thread of woken) this.#wake(thread, 0)
    return woken.length
  }

  #record(thread: number): number {
    return headWords + thread * recordWords
  }

  #arrival(thread: number): number {
    return this.#control[this.#record(thread) + record.arrival]!
  }

  #those(holds: (at: number) => boolean): number[] {
    const found: number[] = []
    for (let n = 0; n < this.#threads; n++) if (holds(this.#record(n))) found.push(n)
    return found
  }

  #wake(thread: number, outcome: number): void {
    this.#control[this.#record(thread) + record.outcome] = outcome
    this.#control[this.#record(thread) + record.state] = threadStates.runnable
  }

  /** Counts a step and says who takes it: -1 when nobody is left. */
  #next(): number {
    const control = this.#control
    const waiting = this.#those((at) => control[at + record.state] === threadStates.waiting)
    const runnable = this.#those((at) => control[at + record.state] === threadStates.runnable)
    if (runnable.length === 0) {
      if (waiting.length === 0) return -1
      const deadlines = waiting.map((n) => this.#times[(this.#record(n) + record.deadline) >> 1]!)
      const first = Math.min(...deadlines)
      if (first === Infinity) this.#fail()
      this.#times[nowPair] = Math.max(first, this.nowMs())
      this.#wake(waiting[deadlines.indexOf(first)]!, 1)
    }
    this.#times[nowPair] = this.nowMs() + stepMs
    control[head.steps] = control[head.steps]! + 1
    return this.#draw()
  }

  #draw(): number {
    const control = this.#control
    const runnable = this.#those((at) => control[at + record.state] === threadStates.runnable)
    const random = new Random(control[head.random]!)
    const drawn = runnable[random.below(runnable.length)]!
    control[head.random] = random.next()
    control[head.hash] = Math.imul(control[head.hash]! ^ (drawn + 1), 0x01000193)
    return drawn
  }

  #give(thread: number): void {
    const at = this.#record(thread) + record.go
    Atomics.store(this.#control, at, 1)
    Atomics.notify(this.#control, at, 1)
  }

  #await(): void {
    const at = this.#mine + record.go
    while (Atomics.compareExchange(this.#control, at, 1, 0) !== 1) {
      const woken = Atomics.wait(this.#control, at, 0, giveUpMs)
      invariant(woken !== 'timed-out', 'AC18: whoever has the baton passes it on', {
        thread: this.#thread,
      })
    }
    if (this.#control[head.failed] === 1) this.#throw()
  }

  #fail(): never {
    this.#control[head.failed] = 1
    for (const thread of this.#those((at) => this.#control[at + record.state] !== 0))
      if (thread !== this.#thread) this.#give(thread)
    return this.#throw()
  }

  #throw(): never {
    this.#control[this.#mine + record.state] = threadStates.absent
    throw new BatonDeadlock('all threads wait and none will be woken')
  }
}
