/** Two containers with a locus each, in a world whose threads are the test's. */
import type { ContainerSlot, PortId } from '@katydid/abi'
import { KernelWorld } from './kernel-world.js'

export interface Two {
  readonly world: KernelWorld
  readonly slots: readonly ContainerSlot[]
  readonly ports: readonly PortId[]
}

/** Both at rest, and captured. */
export async function two(snapshotEveryMs: number): Promise<Two> {
  const world = await KernelWorld.open({ snapshotEveryMs })
  const made = []
  for (const name of ['a', 'b']) {
    const port = await world.locus(await world.container(name), `in ${name}`)
    world.setState(port, 'resting')
    made.push({ port, slot: world.kernel.machine.containers.named(name)!.slot })
  }
  await world.call('world_snapshot', { durable: true })
  return { world, slots: made.map(({ slot }) => slot), ports: made.map(({ port }) => port) }
}
