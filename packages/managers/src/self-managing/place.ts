/** Where a page's content stands on the disk, and the checksum that proves it. */
import { asBlock, type diskCalls, type ResultOf } from '@katydid/abi'

export type PagePlace = ResultOf<(typeof diskCalls)['diskWrite']>['places'][number]

/** Bytes of one entry of the maps: block, checksum. */
export const entryBytes = 8

/** The map of one container: an own page and how many levels hang on it; height 0 is the empty map. */
export interface MapRoot {
  page: number
  height: number
}

/** Stands for a page that was never written. */
export const noPlace: PagePlace = { block: asBlock(0), checksum: 0 }
