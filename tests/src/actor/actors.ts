/** What the tests of actors share: a small machine, the kernel's port on the test's own thread, a server on another. */
import {
  actorPorts,
  actorStates,
  asGeneration,
  asInterval,
  asOffset,
  asToken,
  defaultShape,
  type PortId,
} from '@katydid/abi'
import {
  bellOf,
  Endpoint,
  Region,
  spawnActor,
  systemClock,
  type Bell,
  type SpawnedActor,
  type SpawnOptions,
} from '@katydid/actor'
import type { ServerControl } from './server.worker.js'

export const { kernel, disk, firstManager: manager } = actorPorts

export function smallRegion(): Region {
  return Region.create({ ...defaultShape, frames: 16, maxLoci: 2, tableBytes: 65536 })
}

/** A port on the calling thread. */
export function portHere(region: Region, port: PortId): { endpoint: Endpoint; bell: Bell } {
  region.words.store(region.actorWord(port, 'generation'), 1)
  region.words.store(region.actorWord(port, 'state'), actorStates.running)
  const bell = bellOf(region, port)
  return { bell, endpoint: new Endpoint({ region, port, clock: systemClock, bell }) }
}

/** A server at the manager's port. */
export function startServer(
  region: Region,
  generation = 1,
  more: Partial<SpawnOptions> = {},
): SpawnedActor<ServerControl> {
  return spawnActor<ServerControl>({
    file: new URL('./server.worker.js', import.meta.url),
    name: 'server',
    region: region.handle,
    port: manager,
    generation: asGeneration(generation),
    data: { word: 'katydid' },
    ...more,
  })
}

/** Polls while letting the event loop run, until the condition holds; throws after ten seconds. */
export async function pollUntil(endpoint: Endpoint, condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > end) throw new Error('it did not come within ten seconds')
    endpoint.poll()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

export const fault = (addr: number, accessType: 'read' | 'write' | 'execute' = 'read') => ({
  machineId: asToken(1),
  cont: asToken(7),
  addr: asOffset(addr),
  accessType,
})

export const snapshot = (n: number) => ({ cont: asToken(7), stateInterval: asInterval(n) })
