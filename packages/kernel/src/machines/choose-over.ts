/**
 * The choice of a recovery over machines: the least rollback among units of all of them. What was received of an interval that never was is missing for
 * good; what was received of a unit of which nothing is left is missing when its machine has lost everything in memory, and there when not: then it has ended on
 * the line. No I/O.
 */
import { invariant } from '@katydid/actor'
import { leastRollback, type Back, type UnitState } from '../recovery/least-rollback.js'
import type { Ends } from './ends.js'
import { machineOf } from './foreign-units.js'
import type { Havable } from './part.js'

/** What can be had of the units of one machine. */
export interface HavableUnits {
  /** As the chooser numbers it; 0: its own. */
  readonly machine: number
  readonly units: readonly Havable[]
  /** It has lost everything in memory. */
  readonly whole: boolean
  /** How far units had come that have ended on its line. */
  readonly over: ReadonlyMap<number, number>
}

/** A unit that nobody can have. */
const nowhere = -1

type Received = ReadonlyMap<number, number>

export interface Chosen {
  /** Units that go back, and to what. */
  readonly back: ReadonlyMap<number, Back>
  /** The line of each unit: what could be had after any further loss. */
  readonly line: ReadonlyMap<number, number>
}

export function chooseOver(parts: readonly HavableUnits[], ends: Ends): Chosen {
  const lost = parts.map((part) => ({
    ...part,
    units: part.units.map((each) => ({ ...each, present: null })),
  }))
  const durable = greatestOver(lost, ends)
  const line = new Map([...durable].map(([unit, { to }]) => [unit, to]))
  const below = parts.map((part) => ({
    ...part,
    units: part.units.map((each) => (each.above ? each : upTo(each, line.get(each.unit) ?? 0))),
  }))
  return { line, back: greatestOver(below, ends) }
}

const upTo = (unit: Havable, line: number): Havable => ({
  ...unit,
  points: unit.points.filter(({ interval }) => interval <= line),
})

function greatestOver(parts: readonly HavableUnits[], ends: Ends): Map<number, Back> {
  const named = new Set(parts.flatMap(({ units }) => units.map(({ unit }) => unit)))
  const among = (received: Received, isOnLine: boolean): Received =>
    new Map(
      [...received].flatMap(([unit, interval]): [number, number][] => {
        if (ends.has(unit, interval)) return [[nowhere, 1]]
        return isOnLine && !named.has(unit) ? [] : [[unit, interval]]
      }),
    )
  const units: UnitState[] = parts.flatMap(({ units: its }) =>
    its.map(({ unit, line, points, present }) => ({
      unit,
      points: points.map((each) => ({
        ...each,
        dependencies: among(each.dependencies, each.interval <= line),
      })),
      present: present === null ? null : among(present, false),
    })),
  )
  const back = leastRollback([
    ...units,
    ...absentIn(units, named, parts),
    { unit: nowhere, points: [], present: null },
  ])
  invariant(back.has(nowhere), 'SI166: what never was cannot be had', {})
  back.delete(nowhere)
  return back
}

/** Units of which something was received and nothing is left, of machines that have lost everything in memory. */
function absentIn(
  units: readonly UnitState[],
  named: ReadonlySet<number>,
  parts: readonly HavableUnits[],
): UnitState[] {
  const absent = new Map<number, UnitState>()
  const look = (received: Received): void => {
    for (const unit of received.keys()) {
      if (unit === nowhere || named.has(unit) || absent.has(unit)) continue
      const part = parts.find((each) => each.machine === machineOf(unit))
      if (part?.whole !== true) continue
      const interval = part.over.get(unit) ?? 0
      const points = interval === 0 ? [] : [{ unit, interval, dependencies: new Map() }]
      absent.set(unit, { unit, points, present: null })
    }
  }
  for (const { points, present } of units) {
    for (const { dependencies } of points) look(dependencies)
    if (present !== null) look(present)
  }
  return [...absent.values()]
}
