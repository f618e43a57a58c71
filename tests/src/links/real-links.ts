/** Three linked machines on real carriers, ports or sockets, each with a timer of its own. */
import { asMachine, type MachineId } from '@katydid/abi'
import { LinkCore, systemClock, type Carrier, type PeerEvent } from '@katydid/actor'
import { PortCarrier, SocketCarrier } from '@katydid/devices'
import type { LinksUnderTest, Received } from '@katydid/devices/testing/link-conformance.js'
import { MessageChannel } from 'node:worker_threads'

interface OpenCarrier {
  readonly carrier: Carrier
  close(): Promise<void> | void
}

/** Opens the carrier of a machine. */
export type OpenCarriers = (
  machine: MachineId,
  onFrame: (frame: Uint8Array) => void,
) => Promise<OpenCarrier>

interface Machine extends OpenCarrier {
  readonly core: LinkCore
  readonly received: Received[]
  readonly events: PeerEvent[]
  readonly timer: NodeJS.Timeout
}

const machines = [asMachine(1), asMachine(2), asMachine(3)] as const
const longestMessage = 700_000

export async function realLinks(open: OpenCarriers): Promise<LinksUnderTest> {
  const running = new Map<MachineId, Machine>()
  const incarnations = new Map<MachineId, number>()
  const start = async (id: MachineId): Promise<void> => {
    const incarnation = (incarnations.get(id) ?? 0) + 1
    incarnations.set(id, incarnation)
    running.set(id, await makeMachine(open, id, incarnation))
  }
  const stop = async (id: MachineId): Promise<void> => {
    clearInterval(running.get(id)?.timer)
    await running.get(id)?.close()
  }
  for (const id of machines) await start(id)
  const at = (id: MachineId): Machine => running.get(id)!
  return {
    machines,
    longestMessage,
    send: (from, to, bytes) => at(from).core.send(to, bytes),
    received: (id) => at(id).received,
    events: (id) => at(id).events,
    incarnation: (id) => incarnations.get(id)!,
    stop,
    start,
    inject: (id, bytes) => {
      const { core } = at(id)
      core.arrive(bytes)
      const { malformed, strange, old, misdirected, late } = core.dropped
      return malformed + strange + old + misdirected + late
    },
    until: async (condition) => {
      const end = performance.now() + 5_000
      while (!condition()) {
        if (performance.now() > end) return false
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      return true
    },
    close: async () => {
      for (const id of machines) await stop(id)
    },
  }
}

async function makeMachine(
  open: OpenCarriers,
  id: MachineId,
  incarnation: number,
): Promise<Machine> {
  const received: Received[] = []
  const events: PeerEvent[] = []
  const box: { core: LinkCore | null } = { core: null }
  const opened = await open(id, (frame) => box.core?.arrive(frame))
  const core = new LinkCore({
    machine: id,
    incarnation,
    carrier: opened.carrier,
    longestMessage,
    beatMs: 20,
    // Patient: under load the timer may not come for a while.
    silentBeats: 25,
    listener: {
      message: (from, bytes) => received.push({ from, bytes }),
      peer: (event) => events.push(event),
    },
  })
  box.core = core
  for (const peer of machines) core.meet(peer)
  const timer = setInterval(() => core.turn(systemClock.nowMs()), 5)
  return { ...opened, core, received, events, timer }
}

/** Carriers over message ports: a machine that starts is joined to all that run. */
export function portCarriers(): OpenCarriers {
  const running = new Map<MachineId, PortCarrier>()
  return (machine, onFrame) => {
    const carrier = new PortCarrier(onFrame)
    for (const [other, there] of running) {
      const { port1, port2 } = new MessageChannel()
      carrier.connect(other, port1)
      there.connect(machine, port2)
    }
    running.set(machine, carrier)
    const close = (): void => {
      running.delete(machine)
      carrier.close()
    }
    return Promise.resolve({ carrier, close })
  }
}

/** Carriers over sockets in a folder. */
export const socketCarriers =
  (folder: string): OpenCarriers =>
  async (machine, onFrame) => {
    const carrier = await SocketCarrier.open({ folder, machine, onFrame })
    return { carrier, close: () => carrier.close() }
  }
