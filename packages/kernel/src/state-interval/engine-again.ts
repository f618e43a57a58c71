/** The engine begins anew: the line as it is, and the points that there are, are all that it knows. */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { WitnessEngine } from './line/engine.js'
import { LineFeed } from './line/feed.js'
import { unitsOf } from './units.js'

/** What is stable is to be told to it again (`feedPoints`). */
export function restartEngine(machine: Machine): void {
  const { captures, across } = machine
  invariant(!captures.announcing || machine.phase !== 'open', 'SI190: the line stands still', {
    line: captures.line,
  })
  const base = new Map([...captures.over, ...captures.vector, ...(across?.known.lines ?? [])])
  machine.engine = new LineFeed(machine.engine.policy, new WitnessEngine(() => {}, base))
  for (const { history } of unitsOf(machine)) for (const point of history.newer) point.fed = false
  for (const point of across?.known.points() ?? []) machine.engine.stable(point)
}
