/**
 * Packed requests of other machines, decoded, served and packed again: the dispatcher of local calls over a transport on which each
 * request is a port of its own, so that an answer finds its way back.
 */
import {
  asGeneration,
  asPort,
  maxRemoteBytes,
  type AnySignature,
  type Answer,
  type ArgsOf,
  type MachineId,
  type PortId,
} from '@katydid/abi'
import type { Clock } from '../clock.js'
import { Dispatcher } from '../dispatcher.js'
import { mailOf } from '../messages.js'
import type { CallGroup, Handlers, later } from '../messenger.js'

/** Who makes a call from another machine. */
export interface RemoteCaller {
  readonly machine: MachineId
  /** Incarnation of the machine: how often it was started. */
  readonly incarnation: number
  /** Incarnation of its link. */
  readonly session: number
  /** The actor's port there, and its incarnation. */
  readonly from: PortId
  readonly generation: number
}

/** One call of another machine under way, as its server sees it. */
export interface RemoteCall<S> extends RemoteCaller {
  /** Answers a call whose handler returned `later`; once. */
  reply(answer: Answer<S>): void
}

export type RemoteHandler<S> = (args: ArgsOf<S>, call: RemoteCall<S>) => Answer<S> | typeof later

/** Handlers of a group for calls from other machines. */
export type RemoteHandlers<G> = { readonly [K in keyof G]: RemoteHandler<G[K]> }

interface Open {
  readonly caller: RemoteCaller
  readonly answer: (packed: Uint8Array) => void
}

export class RemoteServer {
  readonly #dispatcher: Dispatcher
  readonly #open = new Map<PortId, Open>()
  #tickets = 0

  /** For the actor at `port`. */
  constructor(port: PortId, clock: Clock) {
    const none = asGeneration(0)
    this.#dispatcher = new Dispatcher(port, clock, {
      send: (ticket, bytes) => this.#answer(ticket, bytes),
      generationOf: () => none,
      isDead: () => false,
    })
  }

  /** Serves these calls of the group to other machines; the others answer `not_supported` where they declare it, else `bad_message`. */
  serve<G extends CallGroup>(group: G, handlers: NoInfer<Partial<RemoteHandlers<G>>>): void {
    const local: Record<string, unknown> = {}
    for (const [key, handler] of Object.entries(handlers) as [
      string,
      RemoteHandler<AnySignature>,
    ][])
      local[key] = (
        args: ArgsOf<AnySignature>,
        call: { from: PortId; reply(a: unknown): void },
      ) => {
        const { caller } = this.#open.get(call.from)!
        return handler(args, { ...caller, reply: (answer) => call.reply(answer) })
      }
    this.#dispatcher.serve(group, local as Partial<Handlers<G>>)
  }

  /** Serves a packed request. Answers false when the bytes are none; else `answer` is called at most once, with a copy. */
  accept(caller: RemoteCaller, request: Uint8Array, answer: (packed: Uint8Array) => void): boolean {
    const ticket = asPort(this.#tickets++)
    this.#open.set(ticket, { caller, answer })
    const deed = this.#dispatcher.accept(ticket, mailOf(request))
    if (deed === null) this.#open.delete(ticket)
    else deed()
    return deed !== null
  }

  #answer(ticket: PortId, bytes: Uint8Array): boolean {
    if (bytes.length > maxRemoteBytes) return false
    const open = this.#open.get(ticket)
    this.#open.delete(ticket)
    open?.answer(new Uint8Array(bytes))
    return true
  }
}
