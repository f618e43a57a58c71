/** Levels of access in their order: what a machine may do with its copy of a page. */
import { pageLevels, type PageLevel } from '@katydid/abi'
import { invariant } from '@katydid/actor'

const rank = (level: PageLevel): number => pageLevels.indexOf(level)

/** Whether `level` allows all that `least` does. */
export const covers = (level: PageLevel, least: PageLevel): boolean => rank(level) >= rank(least)

/** The lower of the two. */
export function lower(a: PageLevel, b: PageLevel): PageLevel {
  invariant(rank(a) >= 0 && rank(b) >= 0, 'CH1: a copy has a level of the list', { a, b })
  return rank(a) <= rank(b) ? a : b
}
