/** Whether a point of this machine is not on the line because of a point of another that is not. */
import type { Machine } from '../machine.js'
import { unitsOf } from '../state-interval/units.js'
import { isForeign } from './foreign-units.js'

export function waitsForOthers(machine: Machine): boolean {
  if (machine.across === null) return false
  const isMissing = ([unit, interval]: readonly [number, number]): boolean =>
    isForeign(unit) && interval > machine.engine.announced(unit)
  return unitsOf(machine).some(({ history }) =>
    history.newer.some(({ fed, dependencies }) => fed && [...dependencies].some(isMissing)),
  )
}
