/** Several simulated machines with a network driver each, whose kernels note what they execute. Ground truth is kept here, by unique ids. */
import { actorPorts, asMachine, managerUpcalls, type MachineId } from '@katydid/abi'
import { RemoteCalls, SimNetwork, Simulator, type Peer, type RemoteCaller } from '@katydid/actor'
import { SimWires, type NetworkCore, type SimDriverOptions, type WirePlan } from '@katydid/devices'
import { fault } from '../actor/actors.js'

const shape = { network: true, tableBytes: 65536, frames: 8 }

export interface Machine {
  readonly id: MachineId
  readonly incarnation: number
  readonly simulator: Simulator
  readonly driver: NetworkCore
  readonly remote: RemoteCalls
  readonly peers: Peer[]
}

/** One execution of a call: which, by which incarnation of which machine, for whom. */
export interface Execution {
  readonly id: number
  readonly at: MachineId
  readonly incarnation: number
  readonly caller: RemoteCaller
}

export class SimMachines {
  readonly network: SimNetwork
  readonly wires: SimWires
  readonly executed: Execution[] = []
  readonly #count: number
  readonly #options: Partial<SimDriverOptions>
  readonly #machines = new Map<number, Machine>()
  readonly #incarnations = new Map<number, number>()
  #next = 1

  constructor(
    seed: number,
    count: number,
    plan: WirePlan = {},
    options: Partial<SimDriverOptions> = {},
  ) {
    this.network = new SimNetwork(seed)
    this.wires = new SimWires(this.network, plan)
    this.#count = count
    this.#options = options
    for (let id = 1; id <= count; id++) this.start(id)
  }

  machine(id: number): Machine {
    return this.#machines.get(id)!
  }

  /** Starts a machine that does not run, as its next incarnation. */
  start(id: number, options: Partial<SimDriverOptions> = {}): Machine {
    const machine = asMachine(id)
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1
    this.#incarnations.set(id, incarnation)
    const simulator = new Simulator(this.network, { machine, shape })
    const peers = Array.from({ length: this.#count }, (_, nth) => asMachine(nth + 1))
    const world = 'one world'
    const driver = this.wires.startDriver(simulator, {
      world,
      incarnation,
      peers,
      ...this.#options,
      ...options,
    })
    const kernel = simulator.endpoint(actorPorts.kernel)
    const remote = new RemoteCalls(kernel, simulator.clock)
    remote.serve(managerUpcalls, {
      containerFault: ({ addr }, caller) => {
        this.executed.push({ id: addr, at: machine, incarnation, caller })
        return { status: 'ok' }
      },
    })
    const seen: Peer[] = []
    remote.watch((peer) => seen.push(peer))
    const made = { id: machine, incarnation, simulator, driver, remote, peers: seen }
    this.#machines.set(id, made)
    return made
  }

  crash(id: number): void {
    this.network.crash(asMachine(id))
  }

  /** Makes a call of a new id; `onStatus` hears how it ended. */
  call(from: number, to: number, onStatus: (status: string) => void, deadlineMs = 5000): number {
    const id = this.#next++
    this.machine(from)
      .remote.to(asMachine(to))
      .call(
        actorPorts.kernel,
        managerUpcalls.containerFault,
        fault(id),
        ({ status }) => onStatus(status),
        deadlineMs,
      )
    return id
  }

  /** Runs until all machines see each other. */
  settle(): boolean {
    return this.network.runUntil(
      () =>
        [...this.#machines.values()].every(({ driver }) =>
          driver.peers.all.every(({ state }) => state === 'present'),
        ),
      this.network.clock.nowMs() + 60_000,
    )
  }
}
