/** The parts of several machines that are data and no more: numbers of units, ends, letters, streams, the choice. */
import { asMachine } from '@katydid/abi'
import { Random } from '@katydid/actor'
import { chooseOver, type HavableUnits } from '@katydid/kernel/machines/choose-over.js'
import { Ends, type Ended } from '@katydid/kernel/machines/ends.js'
import {
  asHeard,
  foreignUnit,
  machineOf,
  plainNumber,
} from '@katydid/kernel/machines/foreign-units.js'
import { Letters, contentOf } from '@katydid/kernel/machines/letters.js'
import { PeerStream } from '@katydid/kernel/machines/peer-stream.js'
import test from 'ava'

test('[SI160] a unit goes by one number on each machine, and whoever hears of it knows whose it is', (t) => {
  const [one, two, three] = [asMachine(1), asMachine(2), asMachine(64)]
  for (const unit of [0, 5, 2 ** 32 - 1]) {
    t.is(asHeard(two, one, unit), foreignUnit(one, unit))
    t.is(asHeard(one, two, foreignUnit(one, unit)), unit)
    t.is(asHeard(three, two, foreignUnit(one, unit)), foreignUnit(one, unit))
    t.is(machineOf(foreignUnit(three, unit)), 64)
    t.is(plainNumber(foreignUnit(three, unit)), unit)
    t.is(machineOf(unit), 0)
  }
})

test('[SI166] intervals that were gone back over never were, however often the unit goes back, and in whatever order that is heard', (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed)
    const ends = new Ends()
    const gone = new Set<number>()
    let lived: number[] = [1]
    // What machines knew after each time: some of them have not heard of all.
    const heard: Ended[] = []
    for (let session = 1; session <= 8; session++) {
      for (let more = random.below(4); more > 0; more--)
        lived.push(lived.at(-1)! + 1 + random.below(3))
      const to = [0, ...lived][random.below(lived.length + 1)]!
      const ceiling = session * 100
      for (const each of lived) if (each > to) gone.add(each)
      lived = lived.filter((each) => each <= to)
      ends.add({ unit: 7, end: to, ceiling })
      heard.push({ unit: 7, end: to, ceiling }, ...ends.all)
      lived.push(ceiling + 1)
      for (const each of gone) t.true(ends.has(7, each), `seed ${seed}, ${each} is gone`)
      for (const each of lived) t.false(ends.has(7, each), `seed ${seed}, ${each} was`)
    }
    t.false(ends.has(8, 1))
    const copy = new Ends()
    while (heard.length > 0) copy.add(heard.splice(random.below(heard.length), 1)[0]!)
    for (const each of gone) t.true(copy.has(7, each), `seed ${seed}, ${each} is gone`)
    for (const each of lived) t.false(copy.has(7, each), `seed ${seed}, ${each} was`)
  }
})

test('[SI168] letters of a pair are numbered by themselves, and a saved log goes on where it was', (t) => {
  const letters = new Letters()
  const to = { unit: 1, generation: 1, interval: 5, epoch: 1, content: contentOf('plain') }
  t.deepEqual([letters.send(to), letters.send(to), letters.send({ ...to, unit: 2 })], [1, 2, 1])
  letters.receive({ unit: 3, generation: 1, sequence: 1, content: contentOf('plain') })
  const saved = Letters.from(letters.save())
  t.is(saved.send(to), 3)
  t.is(saved.nextOf({ unit: 3, generation: 1 }), 2)
  t.is(saved.nextOf({ unit: 3, generation: 2 }), 1)
  t.throws(
    () => saved.receive({ unit: 3, generation: 1, sequence: 3, content: contentOf('plain') }),
    {
      message: /SI168/,
    },
  )
  t.true(saved.settle({ unit: 1, generation: 1, sequence: 2 }))
  t.deepEqual(
    saved.log.map(({ unit, sequence }) => [unit, sequence]),
    [
      [2, 1],
      [1, 3],
    ],
  )
  t.false(saved.settle({ unit: 1, generation: 1, sequence: 2 }))
})

test('[SI162] calls of a stream are heeded in their order, once, and after a whole one', (t) => {
  const stream = new PeerStream()
  t.false(stream.expects(10, 1))
  t.true(stream.expects(10, 0))
  t.true(stream.expects(10, 1))
  t.is(stream.expects(10, 1), null)
  t.false(stream.expects(10, 3))
  t.true(stream.expects(11, 0))
  t.false(stream.expects(10, 2))
  t.false(stream.expects(10, 0))
})

/** A unit with these points, each an interval and what it received. */
function unitWith(
  number: number,
  points: readonly (readonly [number, Record<number, number>])[],
  present: Record<number, number> | null,
  line = 0,
): HavableUnits['units'][number] {
  const received = (of: Record<number, number>): Map<number, number> =>
    new Map(Object.entries(of).map(([key, value]) => [Number(key), value]))
  return {
    unit: number,
    line,
    above: true,
    points: points.map(([interval, of]) => ({
      unit: number,
      interval,
      dependencies: received(of),
    })),
    present: present === null ? null : received(present),
  }
}

const part = (
  machine: number,
  whole: boolean,
  ...its: HavableUnits['units'][number][]
): HavableUnits => ({ machine, whole, units: its, over: new Map() })

const tos = (chosen: ReturnType<typeof chooseOver>): [number, number][] =>
  [...chosen.back].map(([number, { to }]) => [number, to])

test('[SI172] who has received of a unit of which nothing is left goes back if its machine has lost everything, and stays if that had ended there', (t) => {
  const other = foreignUnit(asMachine(2), 9)
  const own = part(0, false, unitWith(1, [[3, {}]], { [other]: 5 }))
  const ends = new Ends()

  t.deepEqual(tos(chooseOver([own, part(2, false)], ends)), [])
  t.deepEqual(tos(chooseOver([own, part(2, true)], ends)), [
    [1, 3],
    [other, 0],
  ])
  const over = { ...part(2, true), over: new Map([[other, 6]]) }
  t.deepEqual(tos(chooseOver([own, over], ends)), [[other, 6]])
})

test('[SI166] who has received an interval that never was goes back, whatever its sender is now', (t) => {
  const sender = foreignUnit(asMachine(2), 1)
  const parts = [
    part(
      0,
      false,
      unitWith(
        1,
        [
          [3, {}],
          [4, { [sender]: 7 }],
        ],
        {},
      ),
    ),
    part(2, false, unitWith(sender, [], {})),
  ]
  const ends = new Ends()
  t.deepEqual(tos(chooseOver(parts, ends)), [])
  ends.add({ unit: sender, end: 6, ceiling: 10 })
  t.deepEqual(tos(chooseOver(parts, ends)), [[1, 3]])
})

test('[SI174] what a lost machine comes back to may need what others have in memory; its line does not', (t) => {
  const other = foreignUnit(asMachine(2), 1)
  const lost = part(
    0,
    true,
    unitWith(
      1,
      [
        [3, {}],
        [4, { [other]: 9 }],
      ],
      null,
      3,
    ),
  )
  const kept = part(2, false, unitWith(other, [[8, {}]], {}))
  const chosen = chooseOver([lost, kept], new Ends())
  t.deepEqual(tos(chosen), [[1, 4]])
  t.is(chosen.line.get(1), 3)
  const onLineOnly = { ...lost, units: lost.units.map((each) => ({ ...each, above: false })) }
  t.deepEqual(tos(chooseOver([onLineOnly, kept], new Ends())), [[1, 3]])
})
