/**
 * The calls of other machines that this one serves. One is executed at most once by an incarnation of this machine: under its number its
 * answer is remembered and given again, until the caller has said that it needs it no more. Then nothing sent before can still come,
 * since a link keeps the order.
 */
import type { MachineId, PortId } from '@katydid/abi'
import {
  packCall,
  packNumbers,
  unpackNumbers,
  type CallMessage,
  type LinkEnd,
} from './call-message.js'
import type { Link } from './link.js'

/** A packed request from another machine. */
export interface IncomingRequest {
  readonly machine: MachineId
  /** Incarnation of that machine's link. */
  readonly incarnation: number
  readonly from: PortId
  readonly generation: number
  readonly port: PortId
  readonly body: Uint8Array
  readonly deadlineMs: number
}

export type Answering = (ended: LinkEnd, body: Uint8Array) => void

export interface CallServer {
  /** Whether the request is served at all now; when not it is dropped, and comes again. */
  admits(request: IncomingRequest): boolean
  /** Serves it; `answer` is called at most once, now or later. */
  serve(request: IncomingRequest, answer: Answering): void
}

interface Remembered {
  answer: Uint8Array | null
  since: number
}

interface Caller {
  incarnation: number
  below: number
  /** Nothing below this number is remembered. */
  swept: number
  bytes: number
  readonly calls: Map<number, Remembered>
}

export interface Remembering {
  /** Calls of one machine that are remembered at once, answered or not. */
  readonly mostCalls: number
  /** Bytes of their answers. */
  readonly mostBytes: number
}

const holdMs = 1000
const mostNumbers = 1024
const sweepEvery = 1024
const sweepBytes = 1024 * 1024

export class CallsIn {
  readonly #link: Link
  readonly #server: CallServer
  readonly #bounds: Remembering
  readonly #callers = new Map<MachineId, Caller>()
  #nowMs = 0
  #nextLookMs = Infinity
  /** Requests not taken because as many are remembered as may be. */
  heldBack = 0

  constructor(
    link: Link,
    server: CallServer,
    bounds: Remembering = { mostCalls: 16_384, mostBytes: 64 * 1024 * 1024 },
  ) {
    this.#link = link
    this.#server = server
    this.#bounds = bounds
  }

  /** Calls that are remembered, of all machines. */
  get remembered(): number {
    let count = 0
    for (const { calls } of this.#callers.values()) count += calls.size
    return count
  }

  /** The machine is there as another incarnation: what its last one asked is forgotten, and never answered. */
  anew(machine: MachineId, incarnation: number): void {
    this.#callers.set(machine, { incarnation, below: 0, swept: 0, bytes: 0, calls: new Map() })
  }

  /** A request, or numbers of calls that are settled. */
  message(machine: MachineId, message: CallMessage, nowMs: number): void {
    this.#nowMs = nowMs
    const caller = this.#callers.get(machine)
    if (caller === undefined) return
    this.#settleBelow(caller, message.below)
    if (message.kind === 'settled')
      for (const number of unpackNumbers(message.body)) forget(caller, number)
    else this.#request(machine, caller, message)
  }

  /** Asks callers about answers that they have not acknowledged for long; answers when it is next needed, in milliseconds. */
  turn(nowMs: number): number {
    this.#nowMs = nowMs
    if (nowMs < this.#nextLookMs) return this.#nextLookMs - nowMs
    this.#nextLookMs = Infinity
    for (const [machine, { calls }] of this.#callers) {
      const held = [...calls].filter(([, { answer }]) => answer !== null)
      const old = held.filter(([, { since }]) => nowMs - since >= holdMs)
      const numbers = old.slice(0, mostNumbers).map(([number]) => number)
      if (numbers.length > 0)
        this.#link.send(machine, packCall({ kind: 'held', body: packNumbers(numbers) }))
      if (held.length > 0) this.#nextLookMs = nowMs + holdMs
    }
    return this.#nextLookMs - nowMs
  }

  #request(machine: MachineId, caller: Caller, message: CallMessage): void {
    const { number, from, generation, port, body, deadlineMs } = message
    if (number < caller.below) return
    const known = caller.calls.get(number)
    if (known !== undefined) {
      if (known.answer !== null) this.#link.send(machine, known.answer)
      return
    }
    const { incarnation } = caller
    const request = { machine, incarnation, from, generation, port, body, deadlineMs }
    if (!this.#server.admits(request)) return
    if (caller.calls.size >= this.#bounds.mostCalls || caller.bytes >= this.#bounds.mostBytes) {
      this.heldBack += 1
      return
    }
    caller.calls.set(number, { answer: null, since: this.#nowMs })
    this.#server.serve(request, (ended, answer) =>
      this.#answer(machine, incarnation, number, ended, answer),
    )
  }

  #answer(
    machine: MachineId,
    incarnation: number,
    number: number,
    ended: LinkEnd,
    body: Uint8Array,
  ): void {
    const caller = this.#callers.get(machine)
    const call = caller?.calls.get(number)
    if (caller === undefined || call === undefined || caller.incarnation !== incarnation) return
    call.answer = packCall({ kind: 'answer', ended, number, body })
    call.since = this.#nowMs
    caller.bytes += call.answer.length
    this.#nextLookMs = Math.min(this.#nextLookMs, this.#nowMs + holdMs)
    this.#link.send(machine, call.answer)
  }

  #settleBelow(caller: Caller, below: number): void {
    if (below <= caller.below) return
    caller.below = below
    // Nearly all of them were settled by name; what a lost message left behind is not worth a look at all each time.
    const every = caller.bytes < sweepBytes ? sweepEvery : sweepEvery / 16
    if (below - caller.swept < every) return
    caller.swept = below
    for (const number of caller.calls.keys()) if (number < below) forget(caller, number)
  }
}

function forget(caller: Caller, number: number): void {
  const call = caller.calls.get(number)
  if (call === undefined) return
  caller.calls.delete(number)
  caller.bytes -= call.answer?.length ?? 0
}
