/**
 * A network driver's decisions: carries packed calls of its machine's actors to others and serves theirs, once each other machine has
 * been met by a hello. No I/O: frames come by `arrive`, go by the carrier, and time is the clock it is given.
 */
import {
  actorPorts,
  forwardedCalls,
  maxRemoteBytes,
  networkCalls,
  refuse,
  type ArgsOf,
  type MachineId,
} from '@katydid/abi'
import {
  invariant,
  isRemotePort,
  later,
  LinkCalls,
  LinkCore,
  type Answering,
  type Carrier,
  type Clock,
  type IncomingCall,
  type IncomingRequest,
  type LinkOptions,
  type Messenger,
  type PeerEvent,
} from '@katydid/actor'
import { Hellos } from './hellos.js'
import { PeerTable } from './peer-table.js'

export interface NetworkOptions {
  readonly messenger: Messenger
  readonly clock: Clock
  readonly carrier: Carrier
  readonly world: string
  readonly machine: MachineId
  /** How often the machine was started; from 1. */
  readonly incarnation: number
  /** Incarnation of the driver on this machine: that of its port. */
  readonly generation: number
  /** The other machines; more can be met later. */
  readonly peers: readonly MachineId[]
  readonly link?: Pick<LinkOptions, 'beatMs' | 'silentBeats'>
}

/** Nothing waits longer than this for another machine. */
const longestDeadlineMs = 600_000
const mostGenerations = 65_536

/** The incarnation of a machine's link: rises when the machine is started, and when only its driver is. */
function sessionOf(incarnation: number, generation: number): number {
  invariant(
    incarnation >= 1 && generation >= 1 && generation < mostGenerations,
    'NW3: incarnations begin at 1, and each of a driver is told from the last',
    { incarnation, generation },
  )
  return incarnation * mostGenerations + generation
}

export class NetworkCore {
  readonly link: LinkCore
  readonly calls: LinkCalls
  readonly peers: PeerTable
  readonly #options: NetworkOptions
  readonly #hellos: Hellos

  constructor(options: NetworkOptions) {
    const { messenger, carrier, machine, incarnation, generation } = options
    this.#options = options
    this.peers = new PeerTable((peer) =>
      messenger.call(actorPorts.kernel, forwardedCalls.peerChanged, { peer }, () => undefined),
    )
    this.link = new LinkCore({
      ...options.link,
      machine,
      incarnation: sessionOf(incarnation, generation),
      carrier,
      listener: {
        message: (from, bytes) => this.calls.message(from, bytes, options.clock.nowMs()),
        peer: (event) => this.#peer(event),
      },
    })
    this.calls = new LinkCalls(this.link, {
      admits: ({ machine: from, port }) =>
        port === actorPorts.network || this.peers.greetedOf(from) !== null,
      serve: (request, answer) => this.#serve(request, answer),
    })
    this.#hellos = new Hellos({ ...options, calls: this.calls, peers: this.peers })
    this.#serveOwn()
    for (const peer of options.peers) this.meet(peer)
  }

  /** A frame has come; it belongs to the driver from now on. */
  arrive(frame: Uint8Array): void {
    this.link.arrive(frame)
  }

  /** Does what is due; answers after how many milliseconds to call it again. Call it after whatever happened. */
  turn(): number {
    const now = this.#options.clock.nowMs()
    const link = this.link.turn(now)
    return Math.min(link, this.calls.turn(now))
  }

  meet(machine: MachineId): void {
    if (machine === this.#options.machine) return
    this.peers.meet(machine)
    this.link.meet(machine)
  }

  /** The machine is gone for good: calls on it end, and it is not listened to. */
  forget(machine: MachineId): void {
    invariant(machine !== this.#options.machine, 'NW8: no machine removes itself', { machine })
    this.link.forget(machine)
    this.#hellos.stop(machine)
    this.peers.forget(machine)
    this.calls.out.refuse(machine, `machine ${machine} was removed from the world`)
  }

  #serveOwn(): void {
    this.#options.messenger.serveSome(networkCalls, {
      linkCall: (args, call) => this.#call(args, call),
      linkPeers: () => {
        const { machine, incarnation } = this.#options
        const { incarnation: session } = this.link
        return { status: 'ok', machine, incarnation, session, peers: this.peers.all }
      },
    })
  }

  #call(
    { machine, port, request, deadlineMs }: ArgsOf<typeof networkCalls.linkCall>,
    call: IncomingCall<typeof networkCalls.linkCall>,
  ): typeof later | ReturnType<typeof refuse<'unreachable' | 'too_large'>> {
    if (!this.peers.has(machine))
      return refuse('unreachable', `there is no machine ${machine} in this world`)
    if (request.length > maxRemoteBytes)
      return refuse('too_large', `the request has ${request.length} bytes; send less at once`)
    const { from, generation } = call
    const outgoing = {
      port: port as typeof from,
      from,
      generation,
      body: request,
      deadlineMs: Math.min(deadlineMs, longestDeadlineMs),
    }
    this.calls.out.call(machine, outgoing, this.#options.clock.nowMs(), (outcome) => {
      if (outcome.status !== 'ok') call.reply(outcome)
      else {
        const { ended, body } = outcome
        const isAnswer = ended === 'answered'
        const detail = isAnswer ? '' : new TextDecoder().decode(body)
        call.reply({ status: 'ok', ended, answer: isAnswer ? body : new Uint8Array(0), detail })
      }
    })
    return later
  }

  #serve(request: IncomingRequest, answer: Answering): void {
    const { port, machine, from, generation, body, deadlineMs, incarnation: session } = request
    const incarnation = this.peers.greetedOf(machine) ?? 0
    const caller = { machine, incarnation, session, from, generation }
    const say = (ended: 'actor_gone' | 'bad_message', detail: string): void =>
      answer(ended, new TextEncoder().encode(detail))
    if (port === actorPorts.network) {
      if (!this.#hellos.accept(caller, body, answer)) say('bad_message', 'the bytes are no request')
      return
    }
    if (!isRemotePort(port)) {
      say('bad_message', `nobody at port ${port} is called from another machine`)
      return
    }
    this.#options.messenger.call(
      port,
      forwardedCalls.linkServe,
      { ...caller, request: body },
      (reply) => {
        if (reply.status === 'ok') answer('answered', reply.answer)
        else if (reply.status === 'actor_gone') say('actor_gone', reply.detail)
        // When it is too late the caller has its `unreachable` already.
        else if (reply.status !== 'timed_out') say('bad_message', reply.detail)
      },
      deadlineMs,
    )
  }

  #peer(event: PeerEvent): void {
    this.calls.peer(event)
    const { peer, what } = event
    if (what === 'anew') this.peers.anew(peer, event.incarnation)
    if (what === 'silent') {
      this.#hellos.stop(peer)
      this.peers.become(peer, 'silent', `machine ${peer} is silent`)
    } else this.#hellos.say(peer)
  }
}
