/** The small parts: invariants, clocks, randomness, counters. */
import { actorPorts, locusPort, type LocusSlot } from '@katydid/abi'
import {
  Counters,
  invariant,
  InvariantViolation,
  Random,
  TickClock,
  unreachable,
  VirtualClock,
} from '@katydid/actor'
import test from 'ava'
import { smallRegion } from './actors.js'

test('[AC1] a broken invariant says its rule and its facts', (t) => {
  invariant(true, 'AC1: nothing is wrong')

  const error = t.throws(() => invariant(false, 'AC1: one is two', { one: 1 }), {
    instanceOf: InvariantViolation,
  })

  t.true(error.message.startsWith('AC1: one is two'))
  t.deepEqual(error.facts, { one: 1 })
  t.throws(() => unreachable('a new state' as never), { instanceOf: InvariantViolation })
})

test('[AC19] a random sequence is fixed by its seed and evenly spread', (t) => {
  const draw = (seed: number): number[] => {
    const random = new Random(seed)
    return Array.from({ length: 10_000 }, () => random.below(10))
  }

  const [a, again, b] = [draw(1), draw(1), draw(2)]

  t.deepEqual(again, a)
  t.notDeepEqual(b, a)
  for (let digit = 0; digit < 10; digit++) {
    const times = a.filter((n) => n === digit).length
    t.true(times > 850 && times < 1150, `${digit}: ${times} times`)
  }
})

test('[AC19] a stop of the whole process counts as one tick for deadlines', (t) => {
  const region = smallRegion()
  const below = new VirtualClock()
  const clock = new TickClock(region, below)
  const tick = (): number => region.words.add(region.machineWord('tick'), 1)

  below.advance(60)
  const between = clock.nowMs()
  for (let n = 0; n < 20; n++) {
    below.advance(100)
    tick()
  }
  const running = clock.nowMs()
  below.advance(3_600_000)
  tick()
  const stopped = clock.nowMs()

  t.is(between, 60)
  t.is(running, 2060)
  t.is(stopped, 2060 + 200)
})

test('[AC20] counters belong to one port each and are read by anyone', (t) => {
  const region = smallRegion()
  const [mine, other] = [
    new Counters(region, actorPorts.kernel),
    new Counters(region, locusPort(1 as LocusSlot)),
  ]

  mine.add('faults')
  mine.add('readBytes', 2 ** 40)
  mine.max('heldMaxUs', 7)
  mine.max('heldMaxUs', 5)
  other.set('faults', 3)

  const reader = new Counters(region, actorPorts.kernel)
  t.deepEqual(reader.read(), { faults: 1, readBytes: 2 ** 40, heldMaxUs: 7 })
  t.is(other.get('faults'), 3)
})
