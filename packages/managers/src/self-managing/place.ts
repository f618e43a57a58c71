/** What the maps of a self-managing manager say of a page, and of each other. */
import { asBlock } from '@katydid/abi'
import type { PagePlace } from '../paging/place.js'

export type { PagePlace } from '../paging/place.js'

/** Bytes of one entry of the maps: block, checksum. */
export const entryBytes = 8

/** The map of one container: an own page and how many levels hang on it; height 0 is the empty map. */
export interface MapRoot {
  page: number
  height: number
}

/** Stands for a page that was never written. */
export const noPlace: PagePlace = { block: asBlock(0), checksum: 0 }
