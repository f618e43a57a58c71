/** All wrong managers by name: what a test, or the options of the worker, call them. */
import {
  answersLate,
  answersTwice,
  answersWithoutInstalling,
  diesInFault,
  givesTooLittleAccess,
  installsElsewhere,
  installsStrangersFrame,
  neverAnswers,
} from './fault-ways.js'
import {
  discardsNothing,
  discardsTooMany,
  forgetsDirtyPage,
  losesNewestWrite,
  returnsFramesInUse,
} from './paging-ways.js'
import {
  diesInSnapshot,
  knowsEveryInterval,
  knowsNoInterval,
  liesThatItIsStable,
  showsStaleVersion,
} from './snapshot-ways.js'
import type { Way } from './way.js'

export const ways = {
  neverAnswers,
  answersLate,
  answersTwice,
  answersWithoutInstalling,
  installsElsewhere,
  installsStrangersFrame,
  givesTooLittleAccess,
  diesInFault,
  forgetsDirtyPage,
  losesNewestWrite,
  discardsNothing,
  discardsTooMany,
  returnsFramesInUse,
  diesInSnapshot,
  knowsEveryInterval,
  knowsNoInterval,
  liesThatItIsStable,
  showsStaleVersion,
} as const satisfies Record<string, Way>
export type WayName = keyof typeof ways
export const wayNames = Object.keys(ways) as readonly WayName[]
