/** Retained snapshots as a host uses them: listed, opened, forked, given up. Each is a call on the kernel. */
import { asInterval, containerCalls, snapshotCalls, type ArgsOf, type ResultOf } from '@katydid/abi'
import type { Container, ContainerHost } from './containers.js'
import { must, type HostCall } from './host-call.js'

/** A snapshot of a container that can be opened and forked. */
export type RetainedSnapshot = ResultOf<(typeof snapshotCalls)['snapshotList']>['snapshots'][number]

/** From old to new; the last is the one that a crash would bring back. */
export async function listSnapshots(
  host: HostCall,
  { name, capref: cont }: Container,
): Promise<readonly RetainedSnapshot[]> {
  const { snapshots } = await must(host, `snapshots of ${name}`, snapshotCalls.snapshotList, {
    cont,
  })
  return snapshots
}

/** A new container of that name that shows the snapshot (`open`) or begins as it (`fork`). */
export async function beginAsSnapshot(
  { host, machine, incarnation }: ContainerHost,
  source: Container,
  kind: 'open' | 'fork',
  stateInterval: number,
  name: string,
): Promise<Container> {
  const about = `snapshot ${stateInterval} of container ${source.name}`
  const { size, program } = source
  const { cont } = await must(host, about, containerCalls.containerCreate, { size, name })
  const args: ArgsOf<(typeof snapshotCalls)['snapshotFork']> = {
    cont,
    source: source.capref,
    stateInterval: asInterval(stateInterval),
  }
  try {
    if (kind === 'open') await must(host, about, snapshotCalls.snapshotOpen, args)
    else await must(host, about, snapshotCalls.snapshotFork, args)
    if (program !== null)
      await must(host, about, containerCalls.setInvocationPoint, { cont, program })
  } catch (error) {
    // Nobody can use it: it would only keep its name from being used.
    await host(containerCalls.containerDestroy, { cont })
    throw error
  }
  return { name, size, machine, incarnation, capref: cont, program }
}

/** That snapshot is retained no longer. */
export async function dropSnapshot(
  host: HostCall,
  { name, capref: cont }: Container,
  stateInterval: number,
): Promise<void> {
  const args = { cont, stateInterval: asInterval(stateInterval) }
  const about = `snapshot ${stateInterval} of container ${name}`
  await must(host, about, snapshotCalls.snapshotDrop, args)
}

/** So many snapshots of the container stay, besides the one that a crash would bring back. */
export async function retainSnapshots(
  host: HostCall,
  { name, capref: cont }: Container,
  count: number,
): Promise<void> {
  await must(host, `snapshots of ${name}`, snapshotCalls.snapshotRetain, { cont, count })
}
