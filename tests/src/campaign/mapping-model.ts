/**
 * What a person would write down of mappings: for each container a list of regions, each with the container that it shows. Whom a source is, is an
 * identity and no name, since a name may be given again.
 */
import { rights } from '@katydid/abi'
import type { ModelContainer, WorldModel } from './world-model.js'

/** Offsets and lengths in bytes. */
export interface ModelMapping {
  readonly at: number
  readonly length: number
  /** The identity of the source. */
  readonly source: object
  readonly sourceAt: number
  readonly rights: number
  /** The derived right it was mapped by; nil: the master's, which lasts as long as the source. */
  readonly right: object | null
}

/** Who supplies a byte of a container. */
export interface ModelSupply {
  readonly container: ModelContainer
  readonly offset: number
  readonly writable: boolean
}

const covers = ({ at, length }: ModelMapping, offset: number): boolean =>
  offset >= at && offset < at + length

/** The container that a mapping names, while it is there and the right to it is not taken back. */
export function sourceOf(
  model: WorldModel,
  { source, right }: ModelMapping,
): ModelContainer | null {
  const found = model.identified(source)
  return found === null || (right !== null && !found.grants.includes(right)) ? null : found
}

/** The supplier of a byte by any number of mappings; `entity_gone` when a source on the way is gone. */
export function supplyOf(
  model: WorldModel,
  container: ModelContainer,
  offset: number,
): ModelSupply | 'entity_gone' {
  const mapping = container.mappings.find((each) => covers(each, offset))
  if (mapping === undefined) return { container, offset, writable: true }
  const source = sourceOf(model, mapping)
  if (source === null) return 'entity_gone'
  const further = supplyOf(model, source, mapping.sourceAt + offset - mapping.at)
  if (further === 'entity_gone') return further
  return { ...further, writable: further.writable && (mapping.rights & rights.write) !== 0 }
}

/** Whether one container supplies all of [base, base + length); `entity_gone` when what is at its beginning is gone. */
export function windowStatus(
  model: WorldModel,
  container: ModelContainer,
  base: number,
  length: number,
): 'ok' | 'out_of_window' | 'entity_gone' {
  const first = supplyOf(model, container, base)
  if (first === 'entity_gone') return first
  for (let offset = base; offset < base + length; offset += 4096) {
    const here = supplyOf(model, container, offset)
    if (
      here === 'entity_gone' ||
      here.container !== first.container ||
      here.offset - offset !== first.offset - base
    )
      return 'out_of_window'
  }
  return 'ok'
}

/** What container_map answers. */
export function mapStatus(
  model: WorldModel,
  container: ModelContainer,
  source: ModelContainer,
  wanted: Omit<ModelMapping, 'source'>,
): 'ok' | 'bad_argument' | 'out_of_window' | 'already_mapped' | 'mapping_cycle' {
  const { at, length, sourceAt } = wanted
  if (length === 0) return 'bad_argument'
  if (at + length > container.size || sourceAt + length > source.size) return 'out_of_window'
  const there = container.mappings.filter(
    (each) => each.at < at + length && at < each.at + each.length,
  )
  const [only] = there
  const isSame =
    there.length === 1 &&
    only!.at === at &&
    only!.length === length &&
    only!.source === source.identity &&
    only!.sourceAt === sourceAt &&
    only!.right === wanted.right &&
    only!.rights === wanted.rights
  if (isSame) return 'ok'
  if (there.length > 0) return 'already_mapped'
  return reaches(model, source, container) ? 'mapping_cycle' : 'ok'
}

function reaches(model: WorldModel, from: ModelContainer, to: ModelContainer): boolean {
  if (from === to) return true
  return from.mappings.some((each) => {
    const next = sourceOf(model, each)
    return next !== null && reaches(model, next, to)
  })
}
