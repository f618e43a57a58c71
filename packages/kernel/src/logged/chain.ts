/**
 * Points of a logged container between two captures: each says what one visit brought, and which point came before. Back from one of
 * them the chain leads to the point that was captured, whose image the visits are run again on.
 */
import type { loggedInput, ValueOf } from '@katydid/abi'
import { invariant } from '@katydid/actor'

export type LoggedInput = ValueOf<typeof loggedInput>

/** A point, captured (`logged` is nil) or had by running one more visit after the point before it. */
export interface Chained<P> {
  readonly interval: number
  readonly logged: Link<P> | null
}

/** One visit, run after `before`; `root` is the captured point that all of it began with. */
export interface Link<P> {
  /** Nil: nothing happened; it was captured, and its image is not there. */
  readonly input: LoggedInput | null
  readonly before: P
  readonly root: P
}

/** The captured point from which this one is had; itself, when it was captured. */
export const rootOf = <P extends Chained<P>>(point: P): P => point.logged?.root ?? point

/** The points between that and this one, in their order; this one is the last, unless it was captured. */
export function chainOf<P extends Chained<P>>(point: P): P[] {
  const chain: P[] = []
  let at = point
  for (; at.logged !== null; at = at.logged.before) chain.push(at)
  invariant(at === rootOf(point), 'SI102: a chain leads back to what was captured', {
    interval: point.interval,
    root: at.interval,
  })
  return chain.toReversed()
}

/** This point with all those that it is had by, the captured one first. */
export const withChain = <P extends Chained<P>>(point: P): P[] => [rootOf(point), ...chainOf(point)]

/** What came in between that and this one. */
export const inputsOf = <P extends Chained<P>>(point: P): LoggedInput[] =>
  chainOf(point).flatMap(({ interval, logged }) => {
    invariant(logged !== null, 'SI102: a chain is of visits', { interval })
    return logged.input ?? []
  })
