/**
 * What an actor's core knows of the outside: other ports, to which it makes declared calls and whose calls it serves. On
 * threads it is an `Endpoint`, in the simulator a `SimEndpoint`; a core cannot tell them apart.
 */
import type {
  AnySignature,
  Answer,
  ArgsOf,
  Generation,
  Group,
  PortId,
  Reply,
  Signature,
  Fields,
  Status,
} from '@katydid/abi'

/** What a handler returns when the answer comes by `call.reply` afterwards. */
export const later: unique symbol = Symbol('later')

/** One call under way, as its server sees it. */
export interface IncomingCall<S> {
  readonly from: PortId
  /** The caller's incarnation. */
  readonly generation: Generation
  /** Answers a call whose handler returned `later`. A second reply is an invariant violation; one to a dead caller is dropped. */
  reply(answer: Answer<S>): void
}

export type Handler<S> = (args: ArgsOf<S>, call: IncomingCall<S>) => Answer<S> | typeof later

/** All handlers of a group: leave one out and it does not compile. */
export type Handlers<G> = { readonly [K in keyof G]: Handler<G[K]> }

/** A group as `serve` takes it. */
export type CallGroup = { readonly [key: string]: Signature<Fields, Fields, Status> } | Group

/** Milliseconds a caller waits when it names no deadline. */
export const defaultDeadlineMs = 10_000

export interface Messenger {
  readonly port: PortId
  /** Serves every call of the group. */
  serve<G extends CallGroup>(group: G, handlers: NoInfer<Handlers<G>>): void
  /** Serves some calls of the group; the others answer not_supported where they declare it, else bad_message. */
  serveSome<G extends CallGroup>(group: G, handlers: NoInfer<Partial<Handlers<G>>>): void
  /** Makes a call. `onReply` comes exactly once, from the mail loop, never from inside `call`. */
  call<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    onReply: (reply: Reply<S>) => void,
    deadlineMs?: number,
  ): void
  /** Makes a call and blocks until its reply; other mail is put aside in order. */
  callSync<S extends AnySignature>(
    to: PortId,
    signature: S,
    args: ArgsOf<S>,
    deadlineMs?: number,
  ): Reply<S>
}
