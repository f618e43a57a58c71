/** A messenger that tells of every answer its actor had: so a campaign knows which calls were really made, by whomever. */
import type { AnySignature, ArgsOf, PortId, Reply, Status } from '@katydid/abi'
import type { CallGroup, Handlers, Messenger } from '@katydid/actor'

/** Told of a call by its handler's name, its arguments and its status. */
type Answered = (name: string, args: unknown, status: Status) => void

export class CountingMessenger implements Messenger {
  readonly port: PortId
  readonly #inner: Messenger
  readonly #saw: (name: string, status: string) => void
  readonly #before: (name: string) => void
  readonly #answered: Answered

  /** `before` is told of each call that its actor is about to make, and may throw; `answered` of each that it serves and answers at once. */
  constructor(
    inner: Messenger,
    saw: (name: string, status: string) => void,
    before: (name: string) => void = () => {},
    answered: Answered = () => {},
  ) {
    this.port = inner.port
    this.#inner = inner
    this.#saw = saw
    this.#before = before
    this.#answered = answered
  }

  serve<G extends CallGroup>(group: G, handlers: NoInfer<Handlers<G>>): void {
    this.#inner.serve(group, this.#watched(handlers))
  }

  serveSome<G extends CallGroup>(group: G, handlers: NoInfer<Partial<Handlers<G>>>): void {
    this.#inner.serveSome(group, this.#watched(handlers))
  }

  /** The same handlers, of whose answers it is told in the step in which they are given. */
  #watched<H extends object>(handlers: H): H {
    const wrapped = Object.entries(handlers).map(([name, handle]) => [
      name,
      (...args: unknown[]): unknown => {
        const answer = (handle as (...of: unknown[]) => unknown)(...args)
        if (typeof answer === 'object' && answer !== null && 'status' in answer)
          this.#answered(name, args[0], answer.status as Status)
        return answer
      },
    ])
    return Object.fromEntries(wrapped) as H
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
