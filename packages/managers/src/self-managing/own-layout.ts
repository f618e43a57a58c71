/**
 * Where things lie in the manager's own container, by own page number: the root page, the self map, the usage of disk
 * segments, counts of shared own pages, then pages given out to maps; at the end counts of shared blocks.
 */
import { rootPageSelfMapPages } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { entryBytes } from './place.js'

/** Own pages that count usage, four bytes a segment. */
const usagePages = 64

export interface OwnLayout {
  readonly pageBytes: number
  /** Map entries in a page. */
  readonly entries: number
  /** The root page's number. */
  readonly root: number
  readonly selfMap: number
  readonly usage: number
  readonly usageSegments: number
  /** The first page of the table that counts, by own page, who names it besides the first. */
  readonly refs: number
  /** The first page given out to maps. */
  readonly first: number
  /** One past the last page given out to maps. */
  readonly mapsEnd: number
  /** The first page of the table that counts, by block of the disk, who names it besides the first. */
  readonly names: number
  /** One past the last page there can be. */
  readonly end: number
}

/** The layout of a container of `sizeBytes` whose manager has a disk of `diskBlocks`. */
export function ownLayout(pageBytes: number, sizeBytes: number, diskBlocks: number): OwnLayout {
  const entries = pageBytes / entryBytes
  const selfMap = 1
  const usage = selfMap + rootPageSelfMapPages
  const refs = usage + usagePages
  const end = Math.min(Math.floor(sizeBytes / pageBytes), rootPageSelfMapPages * entries)
  const first = refs + Math.ceil((end * 2) / pageBytes)
  const names = end - Math.ceil((diskBlocks * 2) / pageBytes)
  invariant(
    names > first,
    'MG12: a manager’s own container holds its self map, its tables and maps',
    {
      sizeBytes,
      least: (first + 1) * pageBytes,
    },
  )
  return {
    pageBytes,
    entries,
    root: 0,
    selfMap,
    usage,
    usageSegments: (usagePages * pageBytes) / 4,
    refs,
    mapsEnd: names,
    names,
    first,
    end,
  }
}

/** Whether `page` is one of the self map's. */
export function isSelfMap(layout: OwnLayout, page: number): boolean {
  return page >= layout.selfMap && page < layout.usage
}
