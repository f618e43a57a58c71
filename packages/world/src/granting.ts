/** Capabilities and mappings that a host gives from container to container. */
import { asMachine, containerCalls, rights, type Capref } from '@katydid/abi'
import { currentOf, type Container } from './containers.js'
import { KatydidError } from './error.js'
import { must } from './host-call.js'
import type { Machines } from './machines.js'

/** See `World.grant`. */
export async function grant(
  machines: Machines,
  to: Container,
  container: Container,
  granted: number,
): Promise<Capref> {
  if (to.machine !== container.machine) return grantAcross(machines, to, container, granted)
  const about = `capability for container ${container.name}`
  const life = await machines.lifeOf(to)
  const { cap } = await must(life.host, about, containerCalls.capCopy, {
    cap: (await currentOf(life, container)).capref,
    to: (await currentOf(life, to)).capref,
    rights: granted,
  })
  return cap
}

/** Where the two are on different machines: the giver's kernel hands it to the other. */
async function grantAcross(
  machines: Machines,
  to: Container,
  container: Container,
  granted: number,
): Promise<Capref> {
  const about = `capability for container ${container.name}`
  const [giver, taker] = [await machines.lifeOf(container), await machines.lifeOf(to)]
  const { cap } = await must(giver.host, about, containerCalls.capGive, {
    cap: (await currentOf(giver, container)).capref,
    machine: asMachine(to.machine),
    to: (await currentOf(taker, to)).capref,
    rights: granted,
  })
  return cap
}

export interface MappedRegion {
  readonly at: number
  readonly length: number
  readonly sourceAt?: number
  readonly access?: 'read' | 'write'
}

/** See `World.map`. */
export async function map(
  machines: Machines,
  to: Container,
  source: Container,
  region: MappedRegion,
): Promise<void> {
  const { at, length, sourceAt = 0, access = 'read' } = region
  if (to.machine !== source.machine)
    throw new KatydidError(
      'not_supported',
      `The containers ${to.name} and ${source.name} are on machines ${to.machine} and ${source.machine}: a mapping does not cross machines. Make both on one.`,
    )
  const about = `mapping of ${source.name} into ${to.name}`
  const life = await machines.lifeOf(to)
  await must(life.host, about, containerCalls.containerMap, {
    cont: (await currentOf(life, to)).capref,
    source: (await currentOf(life, source)).capref,
    at,
    length,
    sourceAt,
    rights: access === 'write' ? rights.read | rights.write : rights.read,
  })
}
