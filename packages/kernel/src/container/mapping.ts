/**
 * Regions of other containers mapped into one: a list by rising offset, without overlaps. Pure data; which container really
 * supplies a page is `supplier.ts`'s to find.
 */
import { rights, type ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'

/** [at, at + length) shows [sourceAt, sourceAt + length) of the source. All are multiples of the page size. */
export interface Mapping {
  readonly at: number
  readonly length: number
  readonly source: ContainerSlot
  /** Which container of that slot: a successor in the slot is not the source. */
  readonly generation: number
  readonly sourceAt: number
  /** `read`, or `read` and `write`. */
  readonly rights: number
  /** Permission group of the capability it was made by: the mapping is of no use when that is destroyed. */
  readonly group: number
}

/** What a mapping may allow at the most. */
export const mappingRights = rights.read | rights.write

/** The mapping that covers `offset`, and where the next one begins (`end` when there is none). */
export function mappingAt(
  mappings: readonly Mapping[],
  offset: number,
  end: number,
): { readonly covering: Mapping | null; readonly next: number } {
  let next = end
  for (const each of mappings) {
    invariant(each.length > 0, 'CO6: a mapping has a length', { ...each })
    if (offset >= each.at && offset < each.at + each.length) return { covering: each, next: end }
    if (each.at > offset) next = Math.min(next, each.at)
  }
  return { covering: null, next }
}

/** Those that lie in part of [at, at + length). */
export function overlapping(
  mappings: readonly Mapping[],
  at: number,
  length: number,
): readonly Mapping[] {
  return mappings.filter((each) => each.at < at + length && at < each.at + each.length)
}

/** With one more, in order. */
export function withMapping(mappings: readonly Mapping[], more: Mapping): readonly Mapping[] {
  invariant(
    overlapping(mappings, more.at, more.length).length === 0,
    'CO7: mappings of a container do not overlap',
    { at: more.at, length: more.length },
  )
  return [...mappings, more].sort((a, b) => a.at - b.at)
}

export function isSameMapping(a: Mapping, b: Mapping): boolean {
  return (
    a.at === b.at &&
    a.length === b.length &&
    a.source === b.source &&
    a.generation === b.generation &&
    a.sourceAt === b.sourceAt &&
    a.rights === b.rights &&
    a.group === b.group
  )
}
