/** Who goes back after a loss, against every choice tried on what truly happened. */
import * as fc from 'fast-check'
import test from 'ava'
import { leastRollback, type UnitState } from '@katydid/kernel/recovery/least-rollback.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'
import { PointOrder } from '@katydid/kernel/state-interval/line/order.js'
import { greatestChoice } from './engines/brute-force.js'
import { perform, plans, type Plan } from './histories.js'
import { History, type Image } from './history.js'
import { runs } from './runs.js'

/** Combinations beyond this are not tried. */
const mostTried = 4096

/** How a loss of some units came out: by the rule, and by trying. The place of the present state is the last. */
interface Outcome {
  readonly byRule: readonly number[]
  readonly byTrying: readonly number[]
  readonly kept: number
}

/** The history of a plan, and then a loss of the units whose bit is set. */
function lose(plan: Plan, bits: number): Outcome | null {
  const points: Point[] = []
  const history = new History(plan.rules, new PointOrder((point) => points.push(point)))
  for (const action of plan.actions) perform(history, action)
  const isLost = (unit: number): boolean => (bits & (1 << unit)) !== 0
  const names = plan.rules.kinds.map((_, unit) => unit)
  const images: Image[][] = names.map((unit) => [
    history.image(unit, 0),
    ...points
      .filter((each) => each.unit === unit)
      .map((each) => history.image(unit, each.interval)),
    ...(isLost(unit) ? [] : [history.now(unit)]),
  ])
  if (images.reduce((product, { length }) => product * length, 1) > mostTried) return null
  const back = leastRollback(
    names.map((unit): UnitState => {
      const present = isLost(unit) ? null : history.received(unit)
      return { unit, points: points.filter((each) => each.unit === unit), present }
    }),
  )
  const byRule = names.map((unit) => {
    const to = back.get(unit)?.to
    const at = [0, ...points.filter((each) => each.unit === unit).map(({ interval }) => interval)]
    return to === undefined ? at.length : at.indexOf(to)
  })
  const kept = names.filter((unit) => !back.has(unit)).length
  return { byRule, byTrying: greatestChoice(images), kept }
}

test('[SI100] I16: what goes back, and how far, is the greatest choice of all that can be had, found by trying each', (t) => {
  let tried = 0
  let partly = 0
  const held = fc.property(plans({ most: 40 }), fc.integer({ min: 1, max: 15 }), (plan, bits) => {
    fc.pre(plan.rules.kinds.length <= 4)
    const outcome = lose(plan, bits)
    if (outcome === null) return
    tried++
    if (outcome.kept > 0 && outcome.byRule.some((place) => place > 0)) partly++
    t.deepEqual(outcome.byRule, outcome.byTrying)
  })

  fc.assert(held, { numRuns: runs, seed: 2026 })

  t.true(
    tried >= runs / 4 && partly >= runs / 20,
    `${tried} were tried, ${partly} went back in part`,
  )
})

test('[SI100] who goes back is told which interval, received of whom, is lost', (t) => {
  const point = (unit: number, interval: number, needs: [number, number][] = []): Point => ({
    unit,
    interval,
    dependencies: new Map(needs),
  })

  const back = leastRollback([
    { unit: 1, points: [point(1, 3), point(1, 5)], present: null },
    { unit: 2, points: [point(2, 4), point(2, 6, [[1, 5]])], present: new Map([[1, 6]]) },
    { unit: 3, points: [point(3, 2)], present: new Map([[2, 6]]) },
    { unit: 4, points: [], present: new Map([[2, 7]]) },
  ])

  t.deepEqual(
    [...back],
    [
      [1, { to: 5, because: null }],
      [2, { to: 6, because: { unit: 1, interval: 6 } }],
      [4, { to: 0, because: { unit: 2, interval: 7 } }],
    ],
  )
})
