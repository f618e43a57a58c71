/**
 * What an actor's core knows of actors on other machines: it makes declared calls on them, and serves theirs, as it does with those of
 * its own machine. The network driver of the machine carries them; a core cannot tell threads from the simulator.
 */
import {
  actorPorts,
  forwardedCalls,
  isManagerPort,
  maxRemoteBytes,
  networkCalls,
  refuse,
  type AnySignature,
  type ArgsOf,
  type MachineId,
  type PortId,
  type Reply,
  type ResultOf,
} from '@katydid/abi'
import type { Clock } from '../clock.js'
import { decodeReply, encodeCall } from './packed-call.js'
import { defaultDeadlineMs, later, type CallGroup, type Messenger } from '../messenger.js'
import { RemoteServer, type RemoteHandlers } from './remote-server.js'

/** Another machine as this one sees it. */
export type Peer = ResultOf<typeof networkCalls.linkPeers>['peers'][number]

/** Calls on one other machine: a `Messenger` that only calls. */
export interface RemoteMessenger extends Pick<Messenger, 'call' | 'callSync'> {
  readonly machine: MachineId
}

type LinkReply = Reply<typeof networkCalls.linkCall>

/** How much longer than the driver the caller waits, so that it hears from the driver why there is no answer. */
const graceMs = 1000

export class RemoteCalls {
  readonly #messenger: Messenger
  readonly #server: RemoteServer
  #onPeer: ((peer: Peer) => void) | null = null

  /** Of the actor behind `messenger`, which must have mailboxes to its machine's network driver. Make one an actor. */
  constructor(messenger: Messenger, clock: Clock) {
    this.#messenger = messenger
    this.#server = new RemoteServer(messenger.port, clock)
    messenger.serve(forwardedCalls, {
      linkServe: ({ request, ...caller }, call) => {
        const from = caller.from as PortId
        const isRequest = this.#server.accept({ ...caller, from }, request, (answer) =>
          call.reply({ status: 'ok', answer }),
        )
        return isRequest ? later : { status: 'bad_argument', detail: 'The bytes are no request.' }
      },
      peerChanged: ({ peer }) => {
        this.#onPeer?.(peer)
        return { status: 'ok' }
      },
    })
  }

  /** Serves calls of a group to other machines; those left out are refused. Serving them to one's own machine is `Messenger.serve`. */
  serve<G extends CallGroup>(group: G, handlers: NoInfer<Partial<RemoteHandlers<G>>>): void {
    this.#server.serve(group, handlers)
  }

  /**
   * The way to the actors of a machine. Each call is executed at most once there and answered once here: with the callee's answer;
   * `actor_gone` when the actor there has died; `bad_message` when its shape is wrong; else `unreachable` by its deadline.
   */
  to(machine: MachineId): RemoteMessenger {
    return {
      machine,
      call: (to, signature, args, onReply, deadlineMs = defaultDeadlineMs) => {
        const packed = packedCall(machine, to, signature, args, deadlineMs)
        this.#messenger.call(
          actorPorts.network,
          networkCalls.linkCall,
          packed,
          (reply) => onReply(replyOf(machine, signature, reply)),
          deadlineMs + graceMs,
        )
      },
      callSync: (to, signature, args, deadlineMs = defaultDeadlineMs) => {
        const packed = packedCall(machine, to, signature, args, deadlineMs)
        const { network } = actorPorts
        return replyOf(
          machine,
          signature,
          this.#messenger.callSync(network, networkCalls.linkCall, packed, deadlineMs + graceMs),
        )
      },
    }
  }

  /** Hears of each other machine how it is now, and (the kernel alone) whenever that changes. */
  watch(onPeer: (peer: Peer) => void): void {
    this.#onPeer = onPeer
    this.#messenger.call(actorPorts.network, networkCalls.linkPeers, {}, (reply) => {
      if (reply.status === 'ok') for (const peer of reply.peers) onPeer(peer)
    })
  }
}

/** Whether an actor can be called from another machine: the kernel and managers, who have mailboxes with the driver. */
export const isRemotePort = (port: number): boolean =>
  port === actorPorts.kernel || isManagerPort(port)

function packedCall<S extends AnySignature>(
  machine: MachineId,
  port: PortId,
  signature: S,
  args: ArgsOf<S>,
  deadlineMs: number,
): ArgsOf<typeof networkCalls.linkCall> {
  const request = encodeCall(signature, args)
  return { machine, port, request, deadlineMs: Math.ceil(deadlineMs) }
}

function replyOf<S extends AnySignature>(
  machine: MachineId,
  signature: S,
  reply: LinkReply,
): Reply<S> {
  const told = (): Reply<AnySignature> => {
    const { name } = signature
    if (reply.status === 'ok') {
      if (reply.ended === 'answered') return decodeReply<AnySignature>(signature, reply.answer)
      const status = reply.ended === 'actor_gone' ? 'actor_gone' : 'bad_message'
      return refuse(status, `${name}: machine ${machine} says: ${reply.detail}`)
    }
    if (reply.status === 'too_large' || reply.status === 'bad_message')
      return refuse('bad_message', `${name}: more than ${maxRemoteBytes} bytes: ${reply.detail}`)
    return refuse('unreachable', `${name}: ${reply.detail}`)
  }
  return told() as Reply<S>
}
