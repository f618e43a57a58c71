/** What the engine costs, in inspections and in memory. */
import v8 from 'node:v8'
import vm from 'node:vm'
import test from 'ava'
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import { dependencyCount } from './judge.js'
import { patternStream, streams } from './streams.js'

/** Inspections per dependency and doubling of the points: somewhat above the dearest stream measured. */
const k = 2

for (const { name, make } of streams(128)) {
  test(`[SI43] I19: inspections are within ${k} dependencies log points: ${name}`, (t) => {
    const points = make()
    const engine = new WitnessEngine()

    for (const point of points) engine.stable(point)

    const bound = k * dependencyCount(points) * Math.log2(points.length)
    t.true(points.length >= 100, `${points.length} points`)
    t.true(engine.steps <= bound, `${engine.steps} inspections, at most ${bound}`)
  })
}

/** What the engine looked at when this was written. Whoever changes it on purpose writes the new figures here and in the docs. */
const inspections: Readonly<Record<string, number>> = {
  'own counters, calls, 32 units': 36_348,
  'epochs, calls, 32 units': 5762,
  'epochs, messages, 32 units': 5874,
  'uncoordinated, calls, 32 units': 434,
  'uncoordinated, calls, logging, 32 units': 87_218,
  'fan-in, 32 units': 249,
  'fan-out, 32 units': 418,
  'chain, 32 units': 249,
  'ring, 32 units': 223,
  'comb, 32 units': 325,
  'unzip, 32 units': 324,
  'queue, 1024 points': 12_515,
}

test('[SI43] I19: the engine looks exactly as often as it did', (t) => {
  const found = streams(32).map(({ name, make }) => {
    const engine = new WitnessEngine()
    for (const point of make()) engine.stable(point)
    return [name, engine.steps]
  })

  t.deepEqual(Object.fromEntries(found), inspections)
})

test('[SI43] I19: a chain eight times as long costs a dependency no more than the logarithm says', (t) => {
  for (const name of ['comb', 'unzip', 'chain', 'ring'] as const) {
    const [short, long] = [128, 1024].map((units) => {
      const points = patternStream(name, units)
      const engine = new WitnessEngine()
      for (const point of points) engine.stable(point)
      return engine.steps / dependencyCount(points)
    })

    // Whoever walks pays eight times as much.
    t.true(long! <= 2 * short!, `${name}: ${short} inspections a dependency, then ${long}`)
  }
})

test('[SI44] a million points leave no more behind than the first hundred thousand', (t) => {
  const ring = 8
  const engine = new WitnessEngine()
  const feed = (unit: number, interval: number, other: number, needed: number) =>
    engine.stable({ unit, interval, dependencies: new Map([[other, needed]]) })
  const round = (at: number) => {
    // In every second round the needs go in a ring. Two further units are always behind: one waits for the next round, one
    // hangs on that, so that there is never a moment at which nothing is above the line.
    for (let unit = 0; unit < ring; unit++)
      feed(unit, at, (unit + 1) % ring, unit === ring - 1 ? at - (at % 2) : at)
    feed(ring, at, 0, at + 1)
    feed(ring + 1, at, ring, at)
  }
  const collect = collector()
  let at = 1
  const pending = new Set<number>()
  const heaps = [100_000, 1_000_000].map((points) => {
    for (; at * (ring + 2) < points; at++) {
      round(at)
      pending.add(engine.pendingCount)
    }
    collect()
    return process.memoryUsage().heapUsed
  })

  t.deepEqual([...pending], [2])
  t.is(engine.line(ring + 1), at - 2)
  const grown = (heaps[1]! - heaps[0]!) / 1024 / 1024
  t.true(grown < 8, `the heap grew by ${grown.toFixed(1)} MiB`)
})

test('[SI44] units that have ended are forgotten; one that has points above the line is not', (t) => {
  const engine = new WitnessEngine()
  engine.stable({ unit: 1, interval: 4, dependencies: new Map() })
  engine.stable({ unit: 2, interval: 4, dependencies: new Map([[3, 1]]) })

  engine.forget(1)
  engine.forget(9)

  t.is(engine.line(1), 0)
  t.throws(() => engine.forget(2), { message: /only a unit that is done/ })
  t.throws(() => engine.forget(3), { message: /only a unit that is done/ })
})

function collector(): () => void {
  v8.setFlagsFromString('--expose-gc')
  return vm.runInNewContext('gc') as () => void
}
