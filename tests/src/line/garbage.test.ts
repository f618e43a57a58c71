/**
 * What is older than the line is in no line that any failure could ask for: of units that fail their stable points are left, of the others
 * what they are at that moment as well. Told by ids of messages, every failure and every choice tried.
 */
import * as fc from 'fast-check'
import test from 'ava'
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import { PointOrder } from '@katydid/kernel/state-interval/line/order.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'
import { greatestChoice } from './engines/brute-force.js'
import { perform, plans, type Plan } from './histories.js'
import { History, type Image } from './history.js'
import { runs } from './runs.js'

const mostTried = 4096

/** A unit's images by interval, rising; the present one is of no interval. */
type Candidates = readonly { readonly interval: number; readonly image: Image }[]

interface Kept {
  /** The line of the engine. */
  readonly line: number
  /** The newest stable point. */
  readonly newest: number
  /** What the failure goes back to. */
  readonly wanted: number
}

/** For each failure of the plan's history at its end, what each unit goes back to, and what two rules of garbage would have kept. */
function* failures(plan: Plan): Generator<readonly Kept[]> {
  const engine = new WitnessEngine()
  const fed: Point[] = []
  const history = new History(
    plan.rules,
    new PointOrder((point) => {
      engine.stable(point)
      fed.push(point)
    }),
  )
  for (const action of plan.actions) perform(history, action)
  const units = plan.rules.kinds.map((_, unit) => unit)
  const stable = units.map((unit) => [
    0,
    ...fed.flatMap((point) => (point.unit === unit ? [point.interval] : [])),
  ])
  for (let failed = 1; failed < 2 ** units.length; failed++) {
    const candidates = units.map((unit): Candidates => {
      const hasFailed = ((failed >> unit) & 1) === 1
      const open = hasFailed ? [] : history.openPoints(unit)
      const rising = [...stable[unit]!, ...open].sort((a, b) => a - b)
      const images = rising.map((interval) => ({ interval, image: history.image(unit, interval) }))
      return hasFailed ? images : [...images, { interval: Infinity, image: history.now(unit) }]
    })
    if (candidates.reduce((product, { length }) => product * length, 1) > mostTried) continue
    const chosen = greatestChoice(candidates.map((each) => each.map(({ image }) => image)))
    yield units.map((unit) => ({
      line: engine.line(unit),
      newest: stable[unit]!.at(-1)!,
      wanted: candidates[unit]![chosen[unit]!]!.interval,
    }))
  }
}

/** Histories in which some failure wants what the rule has given up. */
function missed(bound: (kept: Kept) => number): { failures: number; missed: number } {
  const count = { failures: 0, missed: 0 }
  const held = fc.property(plans({ most: 60 }), (plan) => {
    if (plan.rules.kinds.length > 4) return
    for (const kept of failures(plan)) {
      count.failures++
      if (kept.some((each) => each.wanted < bound(each))) count.missed++
    }
  })
  fc.assert(held, { numRuns: runs, seed: 2026 })
  return count
}

test('[SI121] I7: no failure of any units wants a point that is older than the line', (t) => {
  const found = missed(({ line }) => line)

  t.is(found.missed, 0)
  t.true(found.failures > runs, `${found.failures} failures`)
})

test('[SI121] I7: a rule that gives up what is older than the newest stable point is found out', (t) => {
  const found = missed(({ newest }) => newest)

  t.true(found.missed > 0)
})
