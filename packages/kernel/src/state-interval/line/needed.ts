/**
 * Which points newer than the line some failure can want. For each unit: the line if that unit alone lost its present state, while all
 * others have theirs. Several that fail together want, unit by unit, the lowest of what each would want alone; so the union of these lines is all
 * that anybody can ever want of the points that there are, and what is on none of them can go. No I/O, and nothing of a machine.
 *
 * Where it is not known yet what will be had, two lines are computed, the lowest that can come and the highest, and all between them stays.
 */
import { invariant } from '@katydid/actor'
import type { Point } from './line.js'

/** A point newer than the line, with what the unit received since the one before. */
export interface NewerPoint extends Point {
  /** It can be had, whatever happens. Otherwise it may be had, or come to nothing. */
  readonly isSure: boolean
}

export interface UnitNow {
  readonly unit: number
  /** The interval of its point on the line; 0: there is none. */
  readonly base: number
  /** Rising. */
  readonly points: readonly NewerPoint[]
  /** What the present state has received since the newest point: at the least, and at the most. */
  readonly received: {
    readonly least: ReadonlyMap<number, number>
    readonly most: ReadonlyMap<number, number>
  }
}

/** Later than every interval: the present state has sent whatever anybody has received. */
const now = Number.MAX_SAFE_INTEGER

/** For each unit the intervals of the points that must stay, of those that are sure; any that is not sure stays besides. */
export function neededPoints(units: readonly UnitNow[]): Map<number, ReadonlySet<number>> {
  const lowest = new Falls(units.map(sureOf))
  const highest = new Falls(units.map(possibleOf))
  const needed = new Map(units.map(({ unit }) => [unit, new Set<number>()]))
  for (const { unit: lost } of units) {
    const low = lowest.without(lost)
    const high = highest.without(lost)
    for (const { unit, base, points } of units) {
      const from = low.get(unit) ?? base
      const to = high.get(unit) ?? base
      invariant(from <= to, 'SI190: with more that can be had nobody goes back further', {
        unit,
        from,
        to,
      })
      for (const { interval, isSure } of points)
        if (isSure && interval >= from && interval <= to) needed.get(unit)!.add(interval)
    }
  }
  return needed
}

/** What a unit can go back to, from low to high: the last is its present state. */
interface Choices {
  readonly unit: number
  readonly states: readonly Point[]
}

function possibleOf({ unit, base, points, received }: UnitNow): Choices {
  return { unit, states: [lineOf(unit, base), ...points, presentOf(unit, received.least)] }
}

/** What a point that is left out had received counts for the next state. */
function sureOf({ unit, base, points, received }: UnitNow): Choices {
  const states = [lineOf(unit, base)]
  let owed = new Map<number, number>()
  for (const { interval, dependencies, isSure } of points) {
    raise(owed, dependencies)
    if (!isSure) continue
    states.push({ unit, interval, dependencies: owed })
    owed = new Map()
  }
  raise(owed, received.most)
  return { unit, states: [...states, presentOf(unit, owed)] }
}

/** What is on the line has received nothing that is not. */
const lineOf = (unit: number, interval: number): Point => ({
  unit,
  interval,
  dependencies: new Map(),
})

const presentOf = (unit: number, dependencies: ReadonlyMap<number, number>): Point => ({
  unit,
  interval: now,
  dependencies,
})

function raise(into: Map<number, number>, receipts: ReadonlyMap<number, number>): void {
  for (const [sender, interval] of receipts)
    into.set(sender, Math.max(into.get(sender) ?? 0, interval))
}

/** Who received what of a sender: the place of the state, and the interval that it needs of the sender. */
interface Need {
  readonly of: number
  readonly interval: number
  readonly by: number
  readonly place: number
}

/** How far everybody falls when one loses its present state. Each need is looked at once for each that is lost. */
class Falls {
  readonly #choices: readonly Choices[]
  /** By sender, the highest interval first. */
  readonly #needs: readonly (readonly Need[])[]

  constructor(choices: readonly Choices[]) {
    this.#choices = choices
    const at = new Map(choices.map(({ unit }, index) => [unit, index]))
    const needs: Need[][] = choices.map(() => [])
    for (const [by, { states }] of choices.entries())
      for (const [place, { dependencies }] of states.entries())
        for (const [sender, interval] of dependencies) {
          const of = at.get(sender)
          // What was received of a unit that is gone for good is there.
          if (of !== undefined && of !== by) needs[of]!.push({ of, interval, by, place })
        }
    for (const each of needs) each.sort((one, other) => other.interval - one.interval)
    this.#needs = needs
  }

  /** The interval that each unit is at when that one lost its present state. */
  without(lost: number): Map<number, number> {
    const places = this.#choices.map(({ states }) => states.length - 1)
    const looked = this.#choices.map(() => 0)
    const first = this.#choices.findIndex(({ unit }) => unit === lost)
    places[first]!--
    const fallen = [first]
    for (let of = fallen.pop(); of !== undefined; of = fallen.pop()) {
      const needs = this.#needs[of]!
      const reached = this.#at(of, places)
      for (; looked[of]! < needs.length; looked[of]!++) {
        const { interval, by, place } = needs[looked[of]!]!
        if (interval <= reached) break
        if (place > places[by]!) continue
        places[by] = place - 1
        fallen.push(by)
      }
    }
    return new Map(this.#choices.map(({ unit }, index) => [unit, this.#at(index, places)]))
  }

  #at(index: number, places: readonly number[]): number {
    return this.#choices[index]!.states[places[index]!]!.interval
  }
}
