/** The first call between two machines, both ways: who is of another world or version is not let in, and is told why. */
import { actorPorts, networkCalls, refuse, type MachineId } from '@katydid/abi'
import {
  abiHash,
  decodeReply,
  encodeCall,
  invariant,
  RemoteServer,
  type Answering,
  type CallOutcome,
  type Clock,
  type LinkCalls,
  type RemoteCaller,
} from '@katydid/actor'
import type { PeerTable } from './peer-table.js'

export interface HelloOptions {
  readonly clock: Clock
  readonly world: string
  readonly machine: MachineId
  readonly incarnation: number
  readonly generation: number
  readonly calls: LinkCalls
  readonly peers: PeerTable
}

const helloMs = 5000
const hello = networkCalls.machineHello

export class Hellos {
  readonly #options: HelloOptions
  readonly #server: RemoteServer
  /** Machines that are heard and have not answered, and those of them to which a hello is under way. */
  readonly #wanted = new Set<MachineId>()
  readonly #underWay = new Set<MachineId>()

  constructor(options: HelloOptions) {
    const { world, machine, incarnation, peers } = options
    invariant(world !== '', 'NW10: a world has a name', { machine })
    this.#options = options
    this.#server = new RemoteServer(actorPorts.network, options.clock)
    this.#server.serve(networkCalls, {
      machineHello: (args, caller) => {
        if (args.world !== world || args.machine !== caller.machine)
          return refuse(
            'wrong_world',
            `machine ${machine} is of world ${world}, the caller calls itself machine ${args.machine} of ${args.world}`,
          )
        if (args.abi !== abiHash())
          return refuse(
            'world_version',
            `machine ${machine} has calls and layouts ${abiHash()}, the caller ${args.abi}`,
          )
        peers.greet(caller.machine, args.incarnation)
        return { status: 'ok', machine, incarnation }
      },
    })
  }

  /** Serves what came for the driver itself. False when it is no request. */
  accept(caller: RemoteCaller, request: Uint8Array, answer: Answering): boolean {
    return this.#server.accept(caller, request, (packed) => answer('answered', packed))
  }

  /** Says hello to a machine that is heard; when that is not answered, again, as long as it is heard. */
  say(peer: MachineId): void {
    this.#wanted.add(peer)
    this.#begin(peer)
  }

  /** The machine is silent, or no peer any more. */
  stop(peer: MachineId): void {
    this.#wanted.delete(peer)
  }

  #begin(peer: MachineId): void {
    if (this.#underWay.has(peer)) return
    this.#underWay.add(peer)
    const { calls, clock, world, machine, incarnation, generation } = this.#options
    const body = encodeCall(hello, { world, machine, incarnation, abi: abiHash() })
    const { network } = actorPorts
    const call = {
      port: network,
      from: network,
      generation,
      body,
      deadlineMs: helloMs,
      isHello: true,
    }
    calls.out.call(peer, call, clock.nowMs(), (outcome) => this.#answered(peer, outcome))
  }

  #answered(peer: MachineId, outcome: CallOutcome): void {
    const { calls, peers } = this.#options
    this.#underWay.delete(peer)
    if (outcome.status !== 'ok') {
      if (this.#wanted.has(peer)) this.#begin(peer)
      return
    }
    this.#wanted.delete(peer)
    const reply = decodeReply(hello, outcome.body)
    if (reply.status === 'ok') {
      calls.out.open(peer)
      peers.become(peer, 'present', `machine ${peer} is present`, reply.incarnation)
    } else {
      calls.out.refuse(peer, `machine ${peer} does not let this one in: ${reply.detail}`)
      peers.become(peer, 'refused', reply.detail)
    }
  }
}
