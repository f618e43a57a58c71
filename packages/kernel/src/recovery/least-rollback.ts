/**
 * Who goes back, and how far, when something was lost: the greatest consistent choice among what can be had. Of a unit that was lost
 * its points can be had, of one that was not also its present state. So what was lost goes no further back than it must, and nobody else
 * goes back whom any consistent choice keeps. No I/O, and nothing of a machine.
 */
import { invariant } from '@katydid/actor'
import { greatest } from '../state-interval/line/greatest.js'
import type { Point } from '../state-interval/line/line.js'

export interface UnitState {
  readonly unit: number
  /** Points that can be had, rising; each with what the unit received since the one before. */
  readonly points: readonly Point[]
  /** What it received since the last of them, by sender; nil: its present state is lost. */
  readonly present: ReadonlyMap<number, number> | null
}

/** Why a unit goes back: it was lost itself, or had received this interval of another that goes back. */
export interface Because {
  readonly unit: number
  readonly interval: number
}

export interface Back {
  /** The interval of the point that it goes back to; 0: it never had one that can be kept. */
  readonly to: number
  /** Nil: it was lost itself. */
  readonly because: Because | null
}

/** Later than every interval: the present state has sent whatever anybody has received. */
const now = Number.MAX_SAFE_INTEGER

/** The units that go back. What is received of a unit that is not named is there. */
export function leastRollback(units: readonly UnitState[]): Map<number, Back> {
  const known = new Set(units.map(({ unit }) => unit))
  const candidates = new Map(
    units.map(({ unit, points, present }) => {
      const last: Point[] = present === null ? [] : [{ unit, interval: now, dependencies: present }]
      return [unit, [...points, ...last].map((each) => among(known, each))] as const
    }),
  )
  invariant(candidates.size === units.length, 'SI30: a unit is named once', { units: units.length })
  const chosen = greatest(candidates)
  const reached = (unit: number): number => chosen.get(unit) ?? 0
  const back = new Map<number, Back>()
  for (const { unit, present } of units) {
    const to = reached(unit)
    if (to === now) continue
    const first = candidates.get(unit)!.find(({ interval }) => interval > to)
    const because = present === null || first === undefined ? null : missingIn(first, reached)
    back.set(unit, { to, because })
  }
  return back
}

function among(known: ReadonlySet<number>, { unit, interval, dependencies }: Point): Point {
  const needs = [...dependencies].filter(([sender]) => known.has(sender))
  return { unit, interval, dependencies: new Map(needs) }
}

/** What the point has received and nobody has sent. */
function missingIn({ dependencies }: Point, reached: (unit: number) => number): Because | null {
  for (const [unit, interval] of dependencies)
    if (interval > reached(unit)) return { unit, interval }
  return null
}
