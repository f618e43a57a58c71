/** A part of a tree's keys, and the direction in which it is gone through. */
import { LocusError } from '../locus-error.js'
import type { MapKey } from './key-bytes.js'
import { TreeKey } from './tree-key.js'

export interface TreeRange {
  /** Keys behind this one, or from this one on. */
  readonly gt?: MapKey
  readonly gte?: MapKey
  /** Keys before this one, or up to this one. */
  readonly lt?: MapKey
  readonly lte?: MapKey
  /** From the last key to the first. */
  readonly reverse?: boolean
}

export interface Bound {
  readonly key: TreeKey
  readonly isInside: boolean
}

/** The same by direction: where it begins and where it ends; undefined at an end of the tree. */
export interface Bounds {
  readonly isReverse: boolean
  readonly from: Bound | undefined
  readonly to: Bound | undefined
}

/** `bad_argument`: a side has two bounds, or a bound is no key. */
export function boundsOf({ gt, gte, lt, lte, reverse = false }: TreeRange): Bounds {
  if ((gt !== undefined && gte !== undefined) || (lt !== undefined && lte !== undefined))
    throw new LocusError('bad_argument', 'a range has gt or gte, and lt or lte, not both')
  const low = boundOf(gt, gte)
  const high = boundOf(lt, lte)
  return reverse
    ? { isReverse: true, from: high, to: low }
    : { isReverse: false, from: low, to: high }
}

function boundOf(outside: MapKey | undefined, inside: MapKey | undefined): Bound | undefined {
  const key = inside ?? outside
  return key === undefined ? undefined : { key: TreeKey.of(key), isInside: inside !== undefined }
}
