/** What can be had of a machine's units, as it goes over the wire and as it is had from there. */
import type { machineCalls, MachineId, ResultOf } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Across } from './across.js'
import type { HavableUnits } from './choose-over.js'
import type { Ended } from './ends.js'
import { asHeard } from './foreign-units.js'
import type { Havable, Part } from './part.js'

type Joined = ResultOf<typeof machineCalls.recoveryJoin>

const pairs = (received: ReadonlyMap<number, number>) =>
  [...received].map(([unit, interval]) => ({ unit, interval }))

/** For whoever coordinates. */
export function told(
  machine: Machine,
  across: Across,
  units: readonly Havable[],
  { whole, over }: Part,
): Joined {
  invariant(across.joined !== null, 'SI171: only who takes part says what can be had', {})
  return {
    joined: true,
    known: across.highest,
    whole,
    ceiling: machine.ceiling,
    units: units.map(({ unit, line, above, points, present }) => ({
      unit,
      line,
      above,
      points: points.map(({ interval, dependencies }) => ({
        interval,
        received: pairs(dependencies),
      })),
      present: present === null ? null : pairs(present),
    })),
    over: pairs(over),
    ended: across.ends.all,
  }
}

/** What another machine has told, in this one's numbers. */
export interface HeardUnits extends HavableUnits {
  readonly machine: MachineId
  readonly ceiling: number
  readonly ended: readonly Ended[]
}

export function heard({ self }: Across, from: MachineId, joined: Joined): HeardUnits {
  invariant(joined.joined, 'SI171: only who takes part says what can be had', { from })
  const unitOf = (unit: number): number => asHeard(self, from, unit)
  const received = (list: readonly { readonly unit: number; readonly interval: number }[]) =>
    new Map(list.map((each) => [unitOf(each.unit), each.interval]))
  return {
    machine: from,
    whole: joined.whole,
    ceiling: joined.ceiling,
    over: received(joined.over),
    ended: joined.ended.map((each) => ({ ...each, unit: unitOf(each.unit) })),
    units: joined.units.map(({ unit, line, above, points, present }) => ({
      unit: unitOf(unit),
      line,
      above,
      points: points.map((each) => ({
        unit: unitOf(unit),
        interval: each.interval,
        dependencies: received(each.received),
      })),
      present: present === null ? null : received(present),
    })),
  }
}
