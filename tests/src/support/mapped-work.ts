/** What the mapped paging test and its loci agree on. */
import type { RegionHandle } from '@katydid/actor'

export interface MappedTask {
  readonly handle: RegionHandle
  readonly locus: number
  /** Container it is in. */
  readonly host: number
  /** What it reaches: own pages, and those of container 1 from this page on, when it is not in that. */
  readonly mappedFrom: number
  readonly pages: number
  readonly rounds: number
  readonly seed: number
  readonly style: 'words' | 'views'
  readonly flaw: string
}

export interface MappedDone {
  /** How often each page of each container was raised. */
  readonly raised: Int32Array[]
  readonly strangers: number
}

/** What page `page` of a container says it is, in its first word. */
export const nameOf = (container: number, page: number): number => 1 + container * 1000 + page
/** Where locus `locus` counts in each page. */
export const counterOf = (locus: number): number => 64 + locus * 64
