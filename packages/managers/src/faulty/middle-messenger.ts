/** A messenger with somebody listening in between, who may change handlers, arguments and replies. It loses nothing by itself. */
import type { AnySignature, ArgsOf, PortId, Reply } from '@katydid/abi'
import type { CallGroup, Handlers, Messenger } from '@katydid/actor'

export interface Middle {
  /** The handlers that are served in place of these. */
  serve?<G extends CallGroup>(group: G, handlers: Handlers<G>): Handlers<G>
  /** The arguments that are sent in place of these. */
  args?<S extends AnySignature>(signature: S, args: ArgsOf<S>): ArgsOf<S>
  /** The reply that is heard in place of this one; `args` are those the caller gave. */
  reply?<S extends AnySignature>(signature: S, reply: Reply<S>, args: ArgsOf<S>): Reply<S>
}

export class MiddleMessenger implements Messenger {
  readonly #below: Messenger
  readonly #middle: Middle

  constructor(below: Messenger, middle: Middle) {
    this.#below = below
    this.#middle = middle
  }

  get port(): PortId {
    return this.#below.port
  }

  serve<G extends CallGroup>(group: G, handlers: NoInfer<Handlers<G>>): void {
    this.#below.serve(group, this.#middle.serve?.(group, handlers) ?? handlers)
  }

  serveSome<G extends CallGroup>(group: G, handlers: NoInfer<Partial<Handlers<G>>>): void {
    this.#below.serveSome(group, handlers)
  }

  call<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    onReply: (reply: Reply<S>) => void,
    deadlineMs?: number,
  ): void {
    this.#below.call(
      to,
      signature,
      this.#middle.args?.(signature, args) ?? args,
      (reply) => onReply(this.#middle.reply?.(signature, reply, args) ?? reply),
      deadlineMs,
    )
  }

  callSync<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    deadlineMs?: number,
  ): Reply<S> {
    const sent = this.#middle.args?.(signature, args) ?? args
    const reply = this.#below.callSync(to, signature, sent, deadlineMs)
    return this.#middle.reply?.(signature, reply, args) ?? reply
  }
}
