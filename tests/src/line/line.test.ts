/** The line of the engine against the truth and three other algorithms: the small part of `npm run line` that every run of the tests has. */
import * as fc from 'fast-check'
import test from 'ava'
import { runs } from './runs.js'
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'
import { freshEngines } from './engines.js'
import { FixpointEngine } from './engines/fixpoint.js'
import { plans, pointsOf, type PlanOptions } from './histories.js'
import { Disagreement, judge } from './judge.js'

const mixtures: Readonly<Record<string, PlanOptions>> = {
  'any mixture': {},
  'free snapshots': { kind: 'snapshotting', capture: 'free' },
  'the epoch rule': { kind: 'snapshotting', capture: 'epoch' },
  'counters of their own': { kind: 'snapshotting', capture: 'counter' },
  'logging units': { kind: 'logging' },
}

for (const [name, options] of Object.entries(mixtures)) {
  test(`[SI40] I1, I2, I3: four engines and the truth agree after every point: ${name}`, (t) => {
    let tried = 0
    const held = fc.property(plans(options), (plan) => {
      if (judge(plan, freshEngines()).isTried) tried++
    })

    fc.assert(held, { numRuns: runs, seed: 2026 })

    t.true(tried >= runs / 5, `every choice was tried in ${tried} histories`)
  })
}

test('[SI47] I1: without an interval opened by a snapshot, orphans are in the line', (t) => {
  const held = fc.property(plans({ kind: 'snapshotting', bump: false }), (plan) => {
    judge(plan, { fixpoint: new FixpointEngine() })
  })

  const { failed, errorInstance, counterexample } = fc.check(held, { numRuns: 200, seed: 2026 })

  t.true(failed)
  t.true(errorInstance instanceof Disagreement && errorInstance.fault === 'orphan')
  t.true(counterexample![0].actions.length <= 6, JSON.stringify(counterexample))
})

test('[SI40] the life that the page tells', (t) => {
  const [a, b, c] = [1, 2, 3]
  const engine = new WitnessEngine()

  engine.stable(point(a, 3, [[b, 7]]))
  engine.stable(point(c, 5, [[a, 4]]))
  engine.stable(point(a, 4, [[c, 5]]))
  const before = [a, b, c].map((unit) => engine.line(unit))
  const pendingBefore = engine.pendingCount
  engine.stable(point(b, 9))

  t.deepEqual(before, [0, 0, 0])
  t.is(pendingBefore, 3)
  t.deepEqual(
    [a, b, c].map((unit) => engine.line(unit)),
    [4, 9, 5],
  )
  t.is(engine.pendingCount, 0)
})

test('[SI41] I2: each call announces each unit that moved once, when all are in place', (t) => {
  const announced: string[] = []
  const engine: WitnessEngine = new WitnessEngine((unit, interval) =>
    announced.push(
      `${unit} to ${interval}, line ${[1, 2, 3].map((each) => engine.line(each)).join(',')}`,
    ),
  )

  engine.stable(point(1, 3, [[2, 1]]))
  engine.stable(point(1, 5, [[3, 2]]))
  engine.stable(point(3, 4, [[2, 1]]))
  t.deepEqual(announced, [])
  engine.stable(point(2, 8))
  engine.stable(point(2, 9))

  t.deepEqual([...announced].sort(), [
    '1 to 5, line 5,8,4',
    '2 to 8, line 5,8,4',
    '2 to 9, line 5,9,4',
    '3 to 4, line 5,8,4',
  ])
})

test('[SI41] who feeds a point while being told has each advance announced once all the same', (t) => {
  const announced: string[] = []
  const engine: WitnessEngine = new WitnessEngine((unit, interval) => {
    announced.push(`${unit} to ${interval}`)
    if (interval === 3) engine.stable(point(2, 9))
  })

  engine.stable(point(2, 5, [[1, 1]]))
  engine.stable(point(1, 3))

  t.deepEqual(announced, ['1 to 3', '2 to 9'])
})

test('[SI45] an engine that begins at a line has the line it would have had', (t) => {
  const held = fc.property(plans({ most: 80 }), fc.nat({ max: 15 }), (plan, sixteenths) => {
    const units = plan.rules.kinds.map((_, unit) => unit)
    const points = pointsOf(plan)
    const whole = new WitnessEngine()
    const at = Math.floor((points.length * sixteenths) / 16)
    for (const each of points.slice(0, at)) whole.stable(each)
    const base = new Map(units.map((unit) => [unit, whole.line(unit)]))
    const again = new WitnessEngine(() => {}, base)
    for (const each of points.slice(0, at))
      if (each.interval > base.get(each.unit)!) again.stable(each)
    for (const each of points.slice(at)) {
      whole.stable(each)
      again.stable(each)
      t.deepEqual(
        units.map((unit) => again.line(unit)),
        units.map((unit) => whole.line(unit)),
      )
    }
  })

  fc.assert(held, { numRuns: runs, seed: 2026 })
})

test('[SI45] I10: a machine that heard of the first points only has a lower line, without orphans', (t) => {
  let lower = 0
  const held = fc.property(plans({ most: 80 }), (plan) => {
    lower += judge(plan, { witness: new WitnessEngine() }).isLower ? 1 : 0
  })

  fc.assert(held, { numRuns: runs, seed: 2026 })

  t.true(lower >= runs / 5, `the line of what was heard was lower in ${lower} histories`)
})

function point(unit: number, interval: number, needs: readonly [number, number][] = []): Point {
  return { unit, interval, dependencies: new Map(needs) }
}
