/** Machines on real threads: each a region, a network driver's worker, and a kernel's port on the test's own thread. */
import {
  actorPorts,
  asGeneration,
  asMachine,
  defaultShape,
  managerUpcalls,
  type MachineId,
} from '@katydid/abi'
import {
  Region,
  RemoteCalls,
  spawnActor,
  systemClock,
  type Peer,
  type SpawnedActor,
} from '@katydid/actor'
import type { NetworkControl, NetworkData } from '@katydid/devices'
import type { ExecutionContext } from 'ava'
import { MessageChannel } from 'node:worker_threads'
import { portHere } from '../actor/actors.js'

const worker = new URL(import.meta.resolve('@katydid/devices/network.worker.js'))

export interface ThreadMachine {
  readonly id: MachineId
  readonly region: Region
  readonly driver: SpawnedActor<NetworkControl>
  readonly remote: RemoteCalls
  readonly peers: Peer[]
  /** Ids of the calls that its kernel has executed. */
  readonly executed: number[]
  readonly data: NetworkData
  stop(): Promise<void>
}

/** Data of a driver of machine `id` in a world of three. */
export const dataOf = (id: number, more: Partial<NetworkData> = {}): NetworkData => ({
  world: 'one world',
  machine: asMachine(id),
  incarnation: 1,
  peers: [1, 2, 3].map(asMachine),
  // Patient: under load a thread may not run for a second.
  link: { beatMs: 50, silentBeats: 60 },
  ...more,
})

export function machineRegion(id: number): Region {
  const shape = { ...defaultShape, frames: 16, maxLoci: 2, tableBytes: 65536, network: true }
  return Region.create(shape, id)
}

export function spawnDriver(
  region: Region,
  data: unknown,
  generation = 1,
): SpawnedActor<NetworkControl> {
  return spawnActor<NetworkControl>({
    file: worker,
    name: 'network driver',
    region: region.handle,
    port: actorPorts.network,
    generation: asGeneration(generation),
    data,
  })
}

/** Starts a machine; it is stopped when the test has ended. */
export function startMachine(t: ExecutionContext, data: NetworkData): ThreadMachine {
  const region = machineRegion(data.machine)
  const driver = spawnDriver(region, data)
  const { endpoint } = portHere(region, actorPorts.kernel)
  const remote = new RemoteCalls(endpoint, systemClock)
  const [executed, peers]: [number[], Peer[]] = [[], []]
  remote.serve(managerUpcalls, {
    containerFault: ({ addr }) => {
      executed.push(addr)
      return { status: 'ok' }
    },
    invokeNoSupport: ({ params, cont }) =>
      params.every((byte, at) => byte === (at & 255))
        ? { status: 'ok', decision: 'migrate_to', machine: cont }
        : { status: 'not_supported', detail: 'the block is not what was sent' },
  })
  remote.watch((peer) => peers.push(peer))
  // Stands for the supervisor's tick, and for the loop of the kernel's thread.
  const ticks = setInterval(() => region.words.add(region.machineWord('tick'), 1), 100)
  const turns = setInterval(() => endpoint.poll(), 1)
  const stop = async (): Promise<void> => {
    await driver.terminate('the test stops the machine')
    clearInterval(ticks)
    clearInterval(turns)
  }
  t.teardown(stop)
  return { id: data.machine, region, driver, remote, peers, executed, data, stop }
}

/** Joins the drivers of two machines by a pair of ports. */
export async function join(one: ThreadMachine, two: ThreadMachine): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  await one.driver.control.connect(two.id, port1)
  await two.driver.control.connect(one.id, port2)
}

export async function eventually(condition: () => boolean, ms = 20_000): Promise<boolean> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return true
}

/** Whether the machine sees the other so now. */
export const sees = (machine: ThreadMachine, peer: number, state: Peer['state']): boolean =>
  machine.peers.filter((each) => each.machine === asMachine(peer)).at(-1)?.state === state
