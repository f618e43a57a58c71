/**
 * The wires between machines of a simulated network, and a network driver on each of them. Frames on a wire outlive the machine that sent
 * them and meet the one that has come back meanwhile: that is what incarnations are for.
 */
import { actorPorts, bellBits, type MachineId } from '@katydid/abi'
import {
  generationOf,
  invariant,
  ringPort,
  type Carrier,
  type Choice,
  type SimNetwork,
  type SimSource,
  type Simulator,
} from '@katydid/actor'
import { NetworkCore, type NetworkOptions } from './network-core.js'
import { WireQueue } from './wire-queue.js'
import { Wires, type WirePlan } from './wires.js'

/** As of an ordinary network: what is longer is cut. */
const longestFrame = 64 * 1024

export interface SimDriverOptions extends Pick<
  NetworkOptions,
  'world' | 'incarnation' | 'peers' | 'link'
> {
  /** Bytes of the longest frame; 64 KiB when left out. */
  readonly longestFrame?: number
}

export class SimWires implements SimSource {
  readonly wires: Wires
  readonly #network: SimNetwork
  readonly #queue: WireQueue
  readonly #inboxes = new Map<MachineId, Uint8Array[]>()

  constructor(network: SimNetwork, plan: WirePlan = {}) {
    this.#network = network
    this.wires = new Wires(plan, network.random.fork())
    this.#queue = new WireQueue(this.wires)
    network.add(this)
  }

  /** The carrier of a machine: its frames go on the wires, and are cut to that length. */
  carrier(machine: MachineId, most = longestFrame): Carrier {
    return {
      longestFrame: most,
      send: (to, frame) => this.#queue.send(machine, to, frame, this.#network.clock.nowMs()),
    }
  }

  /** What arrives for the machine goes to `arrive`, in turns of its network port; `turn` follows each, and says when it wants another. */
  attach(simulator: Simulator, arrive: (frame: Uint8Array) => void, turn: () => number): void {
    invariant(
      simulator.region.plan.shape.network === true,
      'NW17: only a machine of several has a network driver',
      { machine: simulator.machine },
    )
    const inbox: Uint8Array[] = []
    this.#inboxes.set(simulator.machine, inbox)
    simulator.onTurn(actorPorts.network, () => {
      for (const frame of inbox.splice(0)) arrive(frame)
      return turn()
    })
  }

  /** Starts a network driver on a machine of the network, whose shape must have `network: true`. */
  startDriver(simulator: Simulator, options: SimDriverOptions): NetworkCore {
    const { machine, clock, region } = simulator
    const { network } = actorPorts
    const messenger = simulator.endpoint(network)
    const core = new NetworkCore({
      ...options,
      messenger,
      clock,
      machine,
      carrier: this.carrier(machine, options.longestFrame),
      generation: generationOf(region, network),
    })
    this.attach(
      simulator,
      (frame) => core.arrive(frame),
      () => core.turn(),
    )
    return core
  }

  choices(nowMs: number): readonly Choice[] {
    return this.#queue.arrived(nowMs).map((flying) => () => {
      this.#queue.take(flying)
      this.#network.order.hash.addBytes(flying.frame)
      const simulator = this.#network.machine(flying.to)
      const inbox = this.#inboxes.get(flying.to)
      if (simulator === undefined || inbox === undefined) return
      inbox.push(flying.frame)
      ringPort(simulator.region, actorPorts.network, bellBits.mail)
    })
  }

  nextTime(): number {
    return this.#queue.nextMs
  }
}
