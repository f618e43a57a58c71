/**
 * Where things lie in the manager's own container, by own page number: the root page, the self map, the usage of disk
 * segments, then pages given out to maps.
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
  /** The first page given out to maps. */
  readonly first: number
  /** One past the last page there can be. */
  readonly end: number
}

export function ownLayout(pageBytes: number, sizeBytes: number): OwnLayout {
  const entries = pageBytes / entryBytes
  const selfMap = 1
  const usage = selfMap + rootPageSelfMapPages
  const first = usage + usagePages
  const end = Math.min(Math.floor(sizeBytes / pageBytes), rootPageSelfMapPages * entries)
  invariant(
    end > first,
    'MG12: a manager’s own container holds its self map, its usage table and maps',
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
    first,
    end,
  }
}

/** Whether `page` is one of the self map's. */
export function isSelfMap(layout: OwnLayout, page: number): boolean {
  return page >= layout.selfMap && page < layout.usage
}
