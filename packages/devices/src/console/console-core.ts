/**
 * The console's decisions: which lines are given to whoever watches, and when they count as told. No I/O.
 *
 * A line counts as told when the outlet says that somebody has taken it. Until then the kernel may give it again, and it is given on once.
 */
import type { ArgsOf, consoleCalls, ResultOf } from '@katydid/abi'
import { invariant, type Clock } from '@katydid/actor'

export type ConsoleLine = ArgsOf<(typeof consoleCalls)['consoleWrite']>['lines'][number]
type Told = ResultOf<(typeof consoleCalls)['consoleWrite']>['told']

/** To whom lines go. Numbers rise by one a line; 0: a volatile line, of which nothing is heard again. */
export type Outlet = (first: number, lines: readonly ConsoleLine[]) => void

/** After so long a write is answered though nothing was taken. */
const patienceMs = 5_000
/** Containers whose lines are all told and that are still remembered. */
const mostRemembered = 1_024

/** What was given on of one container: the sequence of the last line, and of the last that was taken. */
interface Stream {
  given: number
  told: number
}

interface Write {
  readonly lines: readonly ConsoleLine[]
  readonly reply: (told: Told) => void
  readonly deadlineMs: number
}

export class ConsoleCore {
  readonly #clock: Clock
  readonly #outlet: Outlet
  readonly #streams = new Map<string, Stream>()
  /** Lines that were given on and not taken yet, in their order. */
  #waiting: { readonly number: number; readonly stream: Stream; readonly sequence: number }[] = []
  #next = 1
  #write: Write | null = null

  constructor(clock: Clock, outlet: Outlet) {
    this.#clock = clock
    this.#outlet = outlet
  }

  /** Gives on what was not given on before; answers the places of what was taken. One write at a time. */
  write(lines: readonly ConsoleLine[], reply: (told: Told) => void): void {
    // The kernel has given up waiting for the last.
    this.#write?.reply([])
    const first = this.#next
    const fresh = lines.filter((line) => this.#isFresh(line))
    this.#write = { lines, reply, deadlineMs: this.#clock.nowMs() + patienceMs }
    if (fresh.length > 0) this.#outlet(first, fresh)
    this.#answer()
  }

  /** A volatile line goes at once. */
  show(line: ConsoleLine): void {
    invariant(line.sequence === 0, 'DV4: a volatile line has no sequence', { ...line })
    this.#outlet(0, [line])
  }

  /** Somebody has taken every line up to this number. */
  taken(number: number): void {
    invariant(number < this.#next, 'DV3: only what was given on is taken', { number })
    const taken = this.#waiting.filter((each) => each.number <= number)
    this.#waiting = this.#waiting.slice(taken.length)
    for (const { stream, sequence } of taken) stream.told = Math.max(stream.told, sequence)
    if (taken.length > 0) this.#answer()
  }

  /** What is due now; milliseconds until the next turn is wanted. */
  turn(): number {
    if (this.#write === null) return Infinity
    const left = this.#write.deadlineMs - this.#clock.nowMs()
    if (left > 0) return left
    this.#reply([])
    return Infinity
  }

  #isFresh(line: ConsoleLine): boolean {
    const stream = this.#streamOf(line)
    if (line.sequence <= stream.given) return false
    stream.given = line.sequence
    this.#waiting.push({ number: this.#next++, stream, sequence: line.sequence })
    return true
  }

  #answer(): void {
    const write = this.#write
    if (write === null) return
    const told = write.lines.flatMap((line, place) =>
      line.sequence <= this.#streamOf(line).told ? [place] : [],
    )
    if (told.length > 0) this.#reply(told)
  }

  #reply(told: Told): void {
    const write = this.#write
    this.#write = null
    write?.reply(told)
  }

  #streamOf({ slot, generation, sequence }: ConsoleLine): Stream {
    const key = `${slot} ${generation}`
    const known = this.#streams.get(key)
    if (known !== undefined) return known
    this.#forget()
    const stream = { given: sequence - 1, told: sequence - 1 }
    this.#streams.set(key, stream)
    return stream
  }

  /** A container that is remembered no more is one whose lines the kernel knows to be told. */
  #forget(): void {
    if (this.#streams.size < mostRemembered) return
    for (const [key, { given, told }] of this.#streams)
      if (given === told) {
        this.#streams.delete(key)
        return
      }
  }
}
