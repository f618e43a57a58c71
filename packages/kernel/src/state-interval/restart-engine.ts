/** The engine of the line begins anew with the line as it is: what is newer is fed again. */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { WitnessEngine } from './line/engine.js'
import { LineFeed } from './line/feed.js'
import { unitsOf } from './units.js'

/** The line as it is now is all that the engine knows. */
export function restartEngine(machine: Machine): void {
  const { captures, across } = machine
  const base = new Map([...captures.over, ...captures.vector, ...(across?.known.lines ?? [])])
  invariant(
    [...base.values()].every((line) => line >= 0),
    'SI6: the line of a unit is an interval',
    {},
  )
  machine.engine = new LineFeed(machine.engine.policy, new WitnessEngine(() => {}, base))
  for (const { history } of unitsOf(machine)) for (const point of history.newer) point.fed = false
  for (const point of across?.known.points() ?? []) machine.engine.stable(point)
}
