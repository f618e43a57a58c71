/**
 * Answers a program from the record of a visit, and compares what it does with what it did then. Nothing that it does reaches anybody:
 * at the first difference the run is over, whatever the program makes of the refusal.
 */
import { maxInputTimes, type Capref } from '@katydid/abi'
import { LocusError } from '../locus-error.js'
import { hashOf, MessagesHash } from './messages-hash.js'
import { KeyStream } from './key-stream.js'
import { answer, outcomeOf } from './outcome.js'
import type { Input, Outcome, Visit } from './visit.js'

export class Replayer implements Visit {
  readonly replaced: boolean
  readonly #input: Input
  readonly #messages = new MessagesHash()
  readonly #stream: KeyStream | null
  #times = 0
  #calls = 0
  #last = 0
  #problem: string | null = null

  constructor(input: Input, replaced: boolean) {
    this.replaced = replaced
    this.#input = input
    this.#stream = input.seed.length === 0 ? null : new KeyStream(input.seed)
  }

  now(): number {
    const { times } = this.#input
    if (this.#times === maxInputTimes) return (this.#last += 1)
    const time = times[this.#times]
    if (time === undefined) this.#differs(`it asked for the time more than ${times.length} times`)
    this.#times++
    return (this.#last = time)
  }

  random(): number {
    return this.#entropy().random()
  }

  fillRandomly(into: Uint8Array): void {
    this.#entropy().fillRandomly(into)
  }

  call(cap: Capref, block: Uint8Array): Uint8Array {
    const { calls } = this.#input
    const call = calls[this.#calls]
    if (call === undefined) this.#differs(`it invoked more than ${calls.length} times`)
    const asked = hashOf(block)
    const which = `invocation ${this.#calls + 1} of ${calls.length}`
    if (call.cap !== cap) this.#differs(`${which} was of another container`)
    if (call.asked !== asked) this.#differs(`${which} gave another block`)
    this.#calls++
    this.#messages.call(cap, asked)
    return answer({ ...call, block: Uint8Array.from(call.block) })
  }

  cannotLog(what: string): void {
    this.#differs(`it came to what it had not done before: ${what}`)
  }

  says(text: string): boolean {
    this.#messages.said(text)
    return false
  }

  /** Runs the program, and says what was another than before; null when nothing was. */
  run(program: () => Uint8Array): string | null {
    const end = outcomeOf(program)
    try {
      if (this.#problem === null) this.#compare(end)
    } catch (error) {
      if (!(error instanceof LocusError)) throw error
    }
    return this.#problem
  }

  #compare(end: Outcome): void {
    const input = this.#input
    if (this.#times < input.times.length)
      this.#differs(`it asked for the time ${this.#times} times, not ${input.times.length}`)
    if (this.#calls < input.calls.length)
      this.#differs(`it invoked ${this.#calls} times, not ${input.calls.length}`)
    if (end.status !== input.status || end.detail !== input.detail)
      this.#differs(`it ended with ${said(end)}, and had with ${said(input)}`)
    if (Buffer.compare(end.block, input.result) !== 0) this.#differs('it returned another block')
    this.#messages.end(end)
    if (this.#messages.value !== input.messages) this.#differs('it said something else to the host')
  }

  #entropy(): KeyStream {
    return this.#stream ?? this.#differs('it asked for randomness')
  }

  #differs(how: string): never {
    this.#problem ??= how
    throw new LocusError('bad_argument', `the visit is run again, and differs: ${how}`)
  }
}

const said = ({ status, detail }: { status: string; detail: string }): string =>
  status === 'ok' ? 'ok' : `${status} (${detail})`
