/** Points reported in any order enter the engine in rising order, and nothing that was received is forgotten on the way. */
import * as fc from 'fast-check'
import test from 'ava'
import { runs } from './runs.js'
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import { PointOrder } from '@katydid/kernel/state-interval/line/order.js'
import type { Point } from '@katydid/kernel/state-interval/line/line.js'

test('[SI42] I14: a point is held until all earlier ones of its unit are stable', (t) => {
  const { order, fed } = watched()
  for (const interval of [2, 5, 9]) order.open(point(1, interval))
  order.open(point(2, 4))

  order.stable(1, 9)
  order.stable(1, 5)
  t.deepEqual(names(fed), [])
  t.is(order.heldCount(1), 3)
  order.stable(2, 4)
  order.stable(1, 2)

  t.deepEqual(names(fed), ['2:4', '1:2', '1:5', '1:9'])
  t.is(order.heldCount(1), 0)
  t.is(order.heldCount(9), 0)
})

test('[SI42] I14: what a discarded point had received goes to the next, the higher interval of each sender', (t) => {
  const { order, fed } = watched()
  order.open(
    point(1, 2, [
      [7, 3],
      [8, 6],
    ]),
  )
  order.open(
    point(1, 5, [
      [7, 4],
      [8, 5],
    ]),
  )

  order.stable(1, 5)
  order.discard(1, 2)

  t.deepEqual(fed, [
    point(1, 5, [
      [7, 4],
      [8, 6],
    ]),
  ])
})

test('[SI42] I14: what the last point of a unit had received is owed to the one that is opened next', (t) => {
  const { order, fed } = watched()
  order.open(point(1, 2, [[7, 3]]))
  order.open(point(1, 5, [[8, 4]]))

  order.discard(1, 2)
  order.discard(1, 5)
  order.open(
    point(1, 6, [
      [8, 1],
      [9, 2],
    ]),
  )
  order.open(point(1, 7))
  order.stable(1, 6)
  order.stable(1, 7)

  t.deepEqual(fed, [
    point(1, 6, [
      [8, 4],
      [9, 2],
      [7, 3],
    ]),
    point(1, 7),
  ])
})

test('[SI42] I14: a second report changes nothing, nor does the discard of a point that was fed', (t) => {
  const { order, fed } = watched()
  order.open(point(1, 2, [[7, 3]]))
  order.open(point(1, 5))

  order.stable(1, 2)
  order.stable(1, 2)
  order.discard(1, 2)
  order.stable(1, 5)

  t.deepEqual(fed, [point(1, 2, [[7, 3]]), point(1, 5)])
})

test('[SI42] what was never opened is neither stable nor discarded, and nothing is opened below what was', (t) => {
  const { order } = watched()
  order.open(point(1, 5))

  t.throws(() => order.stable(1, 6), { message: /only what was opened is stable/ })
  t.throws(() => order.discard(1, 6), { message: /only what was opened is discarded/ })
  t.throws(() => order.open(point(1, 5)), { message: /opened in rising order/ })
  order.forget(1)
  t.notThrows(() => order.open(point(1, 5)))
})

test('[SI42] I14: the engine takes no point that is not above all earlier ones of its unit', (t) => {
  const engine = new WitnessEngine(() => {}, new Map([[2, 7]]))
  engine.stable(point(1, 5, [[3, 1]]))

  for (const [unit, interval] of [
    [1, 5],
    [1, 4],
    [2, 7],
  ] as const)
    t.throws(() => engine.stable(point(unit, interval)), { message: /enter in rising order/ })
  t.notThrows(() => engine.stable(point(1, 6)))
})

test('[SI42] I14: in any order of reports what is fed rises, and holds together what all that was opened had received', (t) => {
  const report = fc.record({ isDiscard: fc.boolean(), at: fc.nat({ max: 9 }) })
  const senders = fc.dictionary(fc.constantFrom('7', '8', '9'), fc.integer({ min: 1, max: 9 }))
  const held = fc.property(
    fc.array(senders, { minLength: 1, maxLength: 10 }),
    fc.array(report, { maxLength: 30 }),
    (opened, reports) => {
      const { order, fed } = watched()
      const points = opened.map((each, nth) =>
        point(
          1,
          nth + 1,
          Object.entries(each).map(([sender, sent]) => [Number(sender), sent]),
        ),
      )
      const state = points.map(() => 'volatile')
      for (const each of points) order.open(each)
      for (const { isDiscard, at } of reports) {
        const nth = at % points.length
        if (state[nth] !== 'discarded' && !fed.some(({ interval }) => interval === nth + 1))
          state[nth] = isDiscard ? 'discarded' : 'stable'
        order[isDiscard ? 'discard' : 'stable'](1, nth + 1)
      }
      const until = state.indexOf('volatile')
      const due = points.slice(0, until === -1 ? points.length : until)

      t.deepEqual(
        fed.map(({ interval }) => interval),
        due.filter((_, nth) => state[nth] === 'stable').map(({ interval }) => interval),
      )
      const last = fed.at(-1)?.interval ?? 0
      for (const sender of [7, 8, 9])
        t.is(highest(fed, sender), highest(points.slice(0, last), sender))
    },
  )

  fc.assert(held, { numRuns: 2 * runs, seed: 2026 })
})

function watched(): { order: PointOrder; fed: Point[] } {
  const fed: Point[] = []
  return { fed, order: new PointOrder((each) => fed.push(each)) }
}

function point(unit: number, interval: number, needs: readonly [number, number][] = []): Point {
  return { unit, interval, dependencies: new Map(needs) }
}

function names(points: readonly Point[]): string[] {
  return points.map(({ unit, interval }) => `${unit}:${interval}`)
}

function highest(points: readonly Point[], sender: number): number {
  return Math.max(0, ...points.map(({ dependencies }) => dependencies.get(sender) ?? 0))
}
