/** A port in the simulator: the same calls as an `Endpoint`, carried by the simulator's post. */
import type { AnySignature, ArgsOf, PortId, Reply } from '@katydid/abi'
import type { Clock } from './clock.js'
import { Dispatcher } from './dispatcher.js'
import type { Transport } from './transport.js'
import { mailOf, type Mail } from './messages.js'
import { defaultDeadlineMs, type CallGroup, type Handlers, type Messenger } from './messenger.js'

/** Ends what a crashed port was doing; never seen outside the simulator. */
export class Crashed extends Error {}

/** Goes on with the rest of the world until `done`, or nothing can happen any more. */
export type Pump = (done: () => boolean) => void

export class SimEndpoint implements Messenger {
  readonly port: PortId
  readonly #dispatcher: Dispatcher
  readonly #pump: Pump
  readonly #clock: Clock
  /** The sequence number of the call it blocks in; null when it does not. */
  #blockedIn: number | null = null
  #blockedUntil = Infinity
  #aside: { readonly from: PortId; readonly mail: Mail }[] = []
  #crashed = false

  constructor(port: PortId, clock: Clock, transport: Transport, pump: Pump) {
    this.port = port
    this.#dispatcher = new Dispatcher(port, clock, transport)
    this.#pump = pump
    this.#clock = clock
  }

  serve<G extends CallGroup>(group: G, handlers: NoInfer<Handlers<G>>): void {
    this.#dispatcher.serve(group, handlers)
  }

  serveSome<G extends CallGroup>(group: G, handlers: NoInfer<Partial<Handlers<G>>>): void {
    this.#dispatcher.serve(group, handlers)
  }

  call<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    onReply: (reply: Reply<S>) => void,
    deadlineMs?: number,
  ): void {
    this.#dispatcher.call(to, signature, args, onReply, deadlineMs)
  }

  callSync<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    deadlineMs = defaultDeadlineMs,
  ): Reply<S> {
    const state: { reply: Reply<S> | null } = { reply: null }
    const keep = (reply: Reply<S>): void => {
      state.reply = reply
    }
    const sequence = this.#dispatcher.call(to, signature, args, keep, deadlineMs)
    this.#blockedIn = sequence
    this.#blockedUntil = this.#clock.nowMs() + deadlineMs
    this.#pump(() => {
      if (state.reply === null && !this.#crashed) this.#dispatcher.expireOne(sequence)
      return state.reply !== null || this.#crashed
    })
    this.#blockedIn = null
    if (state.reply === null) throw new Crashed()
    return state.reply
  }

  /** True while it blocks in `callSync`. */
  get blocked(): boolean {
    return this.#blockedIn !== null
  }

  /** True when mail that was put aside waits for it. */
  get hasAside(): boolean {
    return this.#aside.length > 0
  }

  /** A letter has come: it is handled, or put aside while the port blocks on another answer. */
  arrive(from: PortId, bytes: Uint8Array): void {
    const mail = mailOf(bytes)
    const wanted = this.#blockedIn === null || this.#dispatcher.isAnswerTo(this.#blockedIn, mail)
    if (wanted && (this.#blockedIn !== null || this.#aside.length === 0))
      this.#dispatcher.accept(from, mail)?.()
    else this.#aside.push({ from, mail })
  }

  /** Handles the oldest mail that was put aside. */
  handleAside(): void {
    const next = this.#aside.shift()
    if (next !== undefined) this.#dispatcher.accept(next.from, next.mail)?.()
  }

  /** Tells of deadlines and of callees that are gone; answers how many. */
  expire(): number {
    return this.#dispatcher.expire()
  }

  /** Virtual time at which it must look at its calls: while it blocks, at the one it blocks in. */
  nextDeadline(): number {
    return this.blocked ? this.#blockedUntil : this.#dispatcher.nextDeadline()
  }

  /** The port has died: nothing runs in it any more. */
  crash(): void {
    this.#crashed = true
    this.#aside = []
  }
}
