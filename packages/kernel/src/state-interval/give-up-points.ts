/**
 * What is given up while the line lags. Captures go on, so points come and the line does not: those that no failure can want
 * (`line/needed.ts`) leave, and what they had received counts for the next. Then a unit has at most about as many points above the line as there are
 * units, however long that lasts; their records fall behind and are written again or trimmed, and managers are told
 * which snapshots are still wanted.
 *
 * Nothing of it goes to the disk. After a kill a point that was given up is chosen if its record and its snapshot are both there still, and that is as
 * well: what is left without it leads to the same line.
 */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { canBeHad } from '../recovery/going.js'
import { isCarrying } from './carry-over.js'
import { restartEngine } from './engine-again.js'
import type { History } from './history.js'
import { feedPoints, forgetRecords, settleLine } from './line.js'
import { neededPoints, type UnitNow } from './line/needed.js'
import { receivedSince } from './received.js'
import { supersede } from './superseded.js'
import { unitsOf, type Unit } from './units.js'

/** A unit has fewer points above a line that nobody holds. */
const unheld = 4
/** And where somebody does, with so many there may be one to give up. */
const held = 2
/** So many units more, and it is looked one epoch less often: each of them is asked for what its failure would want. */
const unitsForOne = 16

/** Gives up what no failure can want, where a unit has come to have many points that the line has not reached. */
export function giveUpPoints(machine: Machine): void {
  const { captures } = machine
  const enough = Math.max(captures.lagging === null ? unheld : held, captures.mostPoints)
  if (machine.phase !== 'open' && machine.phase !== 'stopping') return
  // Another machine may have its line on a point that none here wants.
  if (machine.across !== null) return
  if (isCarrying(machine) || mostOf(unitsOf(machine)) < enough) return
  settleLine(machine, 'pressure')
  if (captures.announcing) return
  const units = unitsOf(machine)
  const needed = neededPoints(units.map((each) => stateOf(machine, each)))
  let left = 0
  for (const { unit, history } of units) {
    const ofUnit = needed.get(unit)
    invariant(ofUnit !== undefined, 'SI190: every unit is asked about', { unit })
    left += history.giveUp(({ interval }) => ofUnit.has(interval))
  }
  captures.mostPoints = mostOf(units) + 1 + Math.floor(units.length / unitsForOne)
  if (left === 0) return
  machine.counters.add('pointsGivenUp', left)
  restartEngine(machine)
  feedPoints(machine)
  forgetRecords(machine)
  supersede(machine)
}

const capturedOf = ({ newer }: History): number =>
  newer.filter(({ fed, logged }) => fed && logged === null).length

const mostOf = (units: readonly Unit[]): number =>
  Math.max(0, ...units.map(({ history }) => capturedOf(history)))

/** A logged point may turn out not to be there: its visits are run again first. */
function stateOf(machine: Machine, { unit, history }: Unit): UnitNow {
  const { base, newer } = history
  invariant(!history.over, 'SI190: what has ended on the line is no unit', { unit })
  return {
    unit,
    base: base?.interval ?? machine.captures.over.get(unit) ?? 0,
    points: newer.map((point) => ({
      unit,
      interval: point.interval,
      dependencies: point.dependencies,
      isSure: point.fed && point.logged === null && canBeHad(machine, unit, point),
    })),
    received: receivedSince(machine, unit, history),
  }
}
