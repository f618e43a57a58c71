/**
 * The mapping chain: which container really supplies the page at an offset, where in it, with what rights, and how far that
 * goes on. The graph has no circle, so every walk ends; a source that is gone is `entity_gone`, never the pages hidden under it.
 */
import { maxWindowBytes, refuse, type Refusal } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Container } from './container.js'
import { mappingAt, mappingRights, type Mapping } from './mapping.js'

export interface Supply {
  readonly status: 'ok'
  readonly container: Container
  /** Offset in that container. */
  readonly origin: number
  /** Bytes from there on that the same container supplies in a row, within one 2 GiB slab of it. */
  readonly run: number
  /** What the mappings on the way allow. */
  readonly rights: number
}

/** Walks from `offset` of the container to its supplier. */
export function supplierOf(
  machine: Machine,
  container: Container,
  offset: number,
): Supply | Refusal<'entity_gone'> {
  invariant(offset >= 0 && offset < container.size, 'CO8: a walk begins inside its container', {
    offset,
    size: container.size,
  })
  let here = container
  let origin = offset
  let run = container.size - offset
  let rights = mappingRights
  for (let steps = 0; ; steps++) {
    invariant(
      steps <= machine.region.plan.shape.maxContainers,
      'CO7: mappings do not run in a circle',
      { slot: container.slot },
    )
    const { covering, next } = mappingAt(here.mappings, origin, here.size)
    if (covering === null)
      return { ...ownSupply(here, origin, Math.min(run, next - origin)), rights }
    const source = sourceOf(machine, covering)
    if (source === null)
      return refuse(
        'entity_gone',
        `the container mapped into “${here.name}” at ${covering.at}, or the right to it, was destroyed`,
      )
    run = Math.min(run, covering.at + covering.length - origin)
    rights &= covering.rights
    origin = covering.sourceAt + (origin - covering.at)
    here = source
  }
}

/** What the container's own pages supply from `origin` on, `most` bytes at the most. */
export function ownSupply(container: Container, origin: number, most: number): Supply {
  invariant(most > 0 && origin + most <= container.size, 'CO8: a container supplies what it has', {
    origin,
    most,
  })
  const slabEnd = (Math.floor(origin / maxWindowBytes) + 1) * maxWindowBytes
  const run = Math.min(most, slabEnd - origin)
  return { status: 'ok', container, origin, run, rights: mappingRights }
}

/** The container that a mapping names, while it lives and the right to it was not taken back. */
export function sourceOf(machine: Machine, mapping: Mapping): Container | null {
  const source = machine.containers.at(mapping.source)
  if (source === null || source.generation !== mapping.generation) return null
  if (!machine.groups.isAlive(mapping.group)) return null
  return machine.containers.isThere(source) ? source : null
}

/** Every container that can be reached from this one by mappings, itself included. */
export function reachableFrom(machine: Machine, container: Container): Set<Container> {
  const reached = new Set([container])
  // A set hands out what is added while it is gone through.
  for (const each of reached)
    for (const mapping of each.mappings) {
      const source = sourceOf(machine, mapping)
      if (source !== null) reached.add(source)
    }
  return reached
}

/** Every container from which this one can be reached, itself included, and also when it was destroyed just now. */
export function dependentsOf(machine: Machine, container: Container): Set<Container> {
  const found = new Set([container])
  const live = machine.containers.live()
  for (const each of found)
    for (const other of live)
      if (other.mappings.some((mapping) => names(mapping, each))) found.add(other)
  return found
}

const names = (mapping: Mapping, container: Container): boolean =>
  mapping.source === container.slot && mapping.generation === container.generation
