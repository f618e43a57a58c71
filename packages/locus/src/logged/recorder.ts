/**
 * Records a visit as it happens: each draw of time in its order, the seed of its randomness, what its calls were answered, how it ended. What
 * cannot be recorded is named, and nothing is kept of the visit any more; it runs on as it would have.
 */
import { maxInputBytes, maxInputTimes, type Capref, type ContainerSlot } from '@katydid/abi'
import type { Receipt } from '@katydid/memory'
import { hashOf, MessagesHash } from './messages-hash.js'
import { KeyStream, newSeed } from './key-stream.js'
import { answer, outcomeOf } from './outcome.js'
import type { Input, Outcome, Visit } from './visit.js'

/** What a record takes besides the bytes in it, at most. */
const bytesAround = { input: 256, call: 48, time: 9 }

const dateNow = Date.now.bind(Date)
const steadyNow = performance.now.bind(performance)

export interface Arrival {
  readonly container: ContainerSlot
  readonly replaced: boolean
  readonly name: string
  readonly block: Uint8Array
}

export class Recorder implements Visit {
  readonly container: ContainerSlot
  readonly replaced: boolean
  /** Why the visit cannot be logged; empty: it can. */
  why = ''
  readonly #name: string
  readonly #block: Uint8Array
  readonly #messages = new MessagesHash()
  #from: Receipt | null = null
  #seed = new Uint8Array(0)
  #stream: KeyStream | null = null
  #times: number[] = []
  #calls: Input['calls'][number][] = []
  #last = 0
  /** The clock of all as the first draw found it, less what the steady one said. */
  #offset = Number.NaN
  #bytes: number

  constructor({ container, replaced, name, block }: Arrival) {
    this.container = container
    this.replaced = replaced
    this.#name = name
    // A copy: the program may change what it is given.
    this.#block = Uint8Array.from(block)
    this.#bytes = bytesAround.input + block.length + name.length * 3
  }

  /** It is in, with this stamp. */
  arrived(from: Receipt): void {
    this.#from = from
  }

  now(): number {
    if (this.#times.length === maxInputTimes) return (this.#last += 1)
    if (Number.isNaN(this.#offset)) this.#offset = dateNow() - steadyNow()
    this.#last = this.#offset + steadyNow()
    this.#times.push(this.#last)
    this.#grow(bytesAround.time)
    return this.#last
  }

  random(): number {
    return this.#entropy().random()
  }

  fillRandomly(into: Uint8Array): void {
    this.#entropy().fillRandomly(into)
  }

  call(cap: Capref, block: Uint8Array, run: () => Uint8Array): Uint8Array {
    const asked = hashOf(block)
    this.#messages.call(cap, asked)
    const outcome = this.#unlessThrown(run)
    this.#grow(bytesAround.call + outcome.block.length + outcome.detail.length * 3)
    // A copy: the program may change the block that it is answered.
    if (this.why === '')
      this.#calls.push({ cap, asked, ...outcome, block: Uint8Array.from(outcome.block) })
    return answer(outcome)
  }

  cannotLog(what: string): void {
    if (this.why !== '') return
    this.why = what
    this.#calls = []
  }

  says(text: string): boolean {
    this.#messages.said(text)
    return true
  }

  /** Runs the visit's program and notes how it ended. */
  run(program: () => Uint8Array): Outcome {
    return this.#unlessThrown(program)
  }

  /** The record of a visit that ended so; null when it cannot be logged, as `why` says. */
  input(end: Outcome): Input | null {
    this.#grow(end.block.length + end.detail.length * 3)
    if (this.why !== '' || this.#from === null) return null
    this.#messages.end(end)
    return {
      sender: this.#from.sender,
      sent: Number(this.#from.interval),
      // The kernel knows who calls, and the number that it goes by.
      locus: 0,
      name: this.#name,
      block: this.#block,
      seed: this.#seed,
      times: this.#times,
      calls: this.#calls,
      status: end.status,
      detail: end.detail,
      result: end.block,
      messages: this.#messages.value,
    }
  }

  #unlessThrown(run: () => Uint8Array): Outcome {
    try {
      return outcomeOf(run)
    } catch (error) {
      this.cannotLog(`it was left by what is no refusal: ${String(error)}`)
      throw error
    }
  }

  #entropy(): KeyStream {
    if (this.#stream === null) {
      this.#seed = Uint8Array.from(newSeed())
      this.#stream = new KeyStream(this.#seed)
    }
    return this.#stream
  }

  #grow(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > maxInputBytes)
      this.cannotLog(`what came in has more than ${maxInputBytes} bytes`)
  }
}
