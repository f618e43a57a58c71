/** A messenger that tells of every answer its actor had: so a campaign knows which calls were really made, by whomever. */
import type { AnySignature, ArgsOf, PortId, Reply } from '@katydid/abi'
import type { CallGroup, Handlers, Messenger } from '@katydid/actor'

export class CountingMessenger implements Messenger {
  readonly port: PortId
  readonly #inner: Messenger
  readonly #saw: (name: string, status: string) => void
  readonly #before: (name: string) => void

  /** `before` is told of each call that its actor is about to make, and may throw. */
  constructor(
    inner: Messenger,
    saw: (name: string, status: string) => void,
    before: (name: string) => void = () => {},
  ) {
    this.port = inner.port
    this.#inner = inner
    this.#saw = saw
    this.#before = before
  }

  serve<G extends CallGroup>(group: G, handlers: NoInfer<Handlers<G>>): void {
    this.#inner.serve(group, handlers)
  }

  serveSome<G extends CallGroup>(group: G, handlers: NoInfer<Partial<Handlers<G>>>): void {
    this.#inner.serveSome(group, handlers)
  }

  call<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    onReply: (reply: Reply<S>) => void,
    deadlineMs?: number,
  ): void {
    const told = (reply: Reply<S>): void => {
      this.#saw(signature.name, reply.status)
      onReply(reply)
    }
    this.#before(signature.name)
    this.#inner.call(to, signature, args, told, deadlineMs)
  }

  callSync<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    deadlineMs?: number,
  ): Reply<S> {
    this.#before(signature.name)
    const reply = this.#inner.callSync(to, signature, args, deadlineMs)
    this.#saw(signature.name, reply.status)
    return reply
  }
}
