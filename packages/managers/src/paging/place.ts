/** Where a page's content stands on the disk, and the checksum that proves it. */
import type { diskCalls, ResultOf } from '@katydid/abi'

export type PagePlace = ResultOf<(typeof diskCalls)['diskWrite']>['places'][number]
