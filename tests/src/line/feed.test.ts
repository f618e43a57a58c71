/** Eager and lazy give the same answers; lazy works only when asked. */
import * as fc from 'fast-check'
import test from 'ava'
import { runs } from './runs.js'
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import { LineFeed } from '@katydid/kernel/state-interval/line/feed.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'
import { pointsOf, plans } from './histories.js'

test('[SI46] eager and lazy have the same line at every question, whenever it is asked', (t) => {
  const questions = fc.array(fc.nat({ max: 7 }), { minLength: 8, maxLength: 8 })
  const held = fc.property(plans({ most: 80 }), questions, (plan, pauses) => {
    const eagerEngine = new WitnessEngine()
    const lazyEngine = new WitnessEngine()
    const eager = new LineFeed('eager', eagerEngine)
    const lazy = new LineFeed('lazy', lazyEngine)
    const units = plan.rules.kinds.map((_, unit) => unit)
    let pause = pauses[0]!
    for (const [nth, each] of pointsOf(plan).entries()) {
      eager.stable(each)
      const before = lazyEngine.steps
      lazy.stable(each)
      t.is(lazyEngine.steps, before)
      if (pause-- > 0) continue
      pause = pauses[nth % pauses.length]!
      t.deepEqual(
        units.map((unit) => lazy.line(unit)),
        units.map((unit) => eager.announced(unit)),
      )
    }
    lazy.settle('crash')
    t.deepEqual(
      units.map((unit) => lazy.announced(unit)),
      units.map((unit) => eager.line(unit)),
    )
  })

  fc.assert(held, { numRuns: runs, seed: 2026 })
})

test('[SI46] lazy: no step and no announcement until asked, then each reason counts once', (t) => {
  const announced: [number, number][] = []
  const engine = new WitnessEngine((unit, interval) => announced.push([unit, interval]))
  const feed = new LineFeed('lazy', engine)
  const points: Point[] = Array.from({ length: 100 }, (_, nth) => point(1, nth + 1))

  for (const each of points) feed.stable(each)
  t.is(engine.steps, 0)
  t.is(feed.announced(1), 0)
  t.is(feed.waitingCount, 100)
  feed.settle('pressure')
  feed.settle('output')
  feed.stable(point(1, 101))
  const line = feed.line(1)

  t.is(line, 101)
  t.true(engine.steps > 0)
  t.is(announced.length, 101)
  t.deepEqual(feed.asked, { query: 1, pressure: 1, output: 0, crash: 0 })
})

test('[SI46] what an announcement brings in is fed after what came before it', (t) => {
  const feeds: LineFeed[] = []
  const engine = new WitnessEngine((unit, interval) => {
    if (interval < 4) feeds[0]!.stable(point(unit, interval + 10))
  })
  const lazy = new LineFeed('lazy', engine)
  feeds.push(lazy)

  lazy.stable(point(1, 1))
  lazy.stable(point(2, 3))

  t.is(lazy.line(1), 11)
  t.is(lazy.line(2), 13)
  t.is(lazy.waitingCount, 0)
})

function point(unit: number, interval: number): Point {
  return { unit, interval, dependencies: new Map() }
}
