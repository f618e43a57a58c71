/** Three linked machines in the simulator, with a place for a flaw at each side of a link. */
import { actorPorts, asMachine, type MachineId } from '@katydid/abi'
import {
  LinkCore,
  SimNetwork,
  Simulator,
  type Carrier,
  type LinkListener,
  type PeerEvent,
  type Sent,
} from '@katydid/actor'
import { SimWires, type WirePlan } from '@katydid/devices'
import type { LinksUnderTest, Received } from '@katydid/devices/testing/link-conformance.js'

/** What is done to a link that is not as it should be. */
export interface Flaw {
  readonly listener?: (listener: LinkListener, core: () => LinkCore) => LinkListener
  readonly arrive?: (core: LinkCore, frame: Uint8Array) => void
  readonly send?: (core: LinkCore, to: MachineId, bytes: Uint8Array) => Sent
}

interface Machine {
  readonly simulator: Simulator
  readonly core: LinkCore
  readonly received: Received[]
  readonly events: PeerEvent[]
}

const shape = { network: true, tableBytes: 65536, frames: 8 }
const longestMessage = 300_000
const patienceMs = 3_000
const machines = [asMachine(1), asMachine(2), asMachine(64)] as const

export function simulatedLinks(
  seed: number,
  plan: WirePlan,
  flaw: Flaw = {},
): Promise<LinksUnderTest> {
  const network = new SimNetwork(seed)
  const wires = new SimWires(network, plan)
  const running = new Map<MachineId, Machine>()
  const incarnations = new Map<MachineId, number>()
  const start = (id: MachineId): void => {
    const incarnation = (incarnations.get(id) ?? 0) + 1
    incarnations.set(id, incarnation)
    const machine = makeMachine({ network, wires, id, incarnation, flaw })
    for (const peer of machines) machine.core.meet(peer)
    running.set(id, machine)
  }
  for (const id of machines) start(id)
  const at = (id: MachineId): Machine => running.get(id)!
  return Promise.resolve({
    machines,
    longestMessage,
    send: (from, to, bytes) => (flaw.send ?? sendPlainly)(at(from).core, to, bytes),
    received: (id) => at(id).received,
    events: (id) => at(id).events,
    incarnation: (id) => incarnations.get(id)!,
    stop: (id) => {
      network.crash(id)
      return Promise.resolve()
    },
    start: (id) => {
      start(id)
      return Promise.resolve()
    },
    inject: (id, bytes) => {
      const { core } = at(id)
      ;(flaw.arrive ?? arrivePlainly)(core, bytes)
      return Object.values(core.dropped as unknown as Record<string, number>).reduce(
        (sum, n) => sum + n,
        0,
      )
    },
    until: (condition) =>
      Promise.resolve(network.runUntil(condition, network.clock.nowMs() + patienceMs)),
    close: () => Promise.resolve(),
  })
}

interface Making {
  readonly network: SimNetwork
  readonly wires: SimWires
  readonly id: MachineId
  readonly incarnation: number
  readonly flaw: Flaw
}

function makeMachine({ network, wires, id, incarnation, flaw }: Making): Machine {
  const simulator = new Simulator(network, { machine: id, shape })
  simulator.endpoint(actorPorts.network)
  const received: Received[] = []
  const events: PeerEvent[] = []
  const listener: LinkListener = {
    message: (from, bytes) => received.push({ from, bytes }),
    peer: (event) => events.push(event),
  }
  const carrier: Carrier = wires.carrier(id, 4096)
  const box: { core: LinkCore | null } = { core: null }
  const core = new LinkCore({
    machine: id,
    incarnation,
    carrier,
    listener: flaw.listener?.(listener, () => box.core!) ?? listener,
    longestMessage,
    beatMs: 20,
    silentBeats: 5,
  })
  box.core = core
  wires.attach(
    simulator,
    (frame) => (flaw.arrive ?? arrivePlainly)(core, frame),
    () => core.turn(network.clock.nowMs()),
  )
  return { simulator, core, received, events }
}

const arrivePlainly = (core: LinkCore, frame: Uint8Array): void => core.arrive(frame)
const sendPlainly = (core: LinkCore, to: MachineId, bytes: Uint8Array): Sent => core.send(to, bytes)
