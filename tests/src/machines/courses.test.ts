/** SI: random courses of a bank whose accounts are on several machines. The truth is kept outside, by ids. */
import test from 'ava'
import { course, type CourseShape, type Outcome } from './course.js'

const bad = { latencyMs: 0.2, spreadMs: 2, loss: 0.02, duplication: 0.02, reorder: 0.05 }

/** Courses of these seeds; all that was seen in them, by kind. */
async function courses(
  t: { deepEqual: (a: unknown, b: unknown, message: string) => void },
  seeds: readonly number[],
  shape: CourseShape,
): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  for (const seed of seeds) {
    const outcome: Outcome = await course(seed, shape)
    t.deepEqual(outcome.problems, [], `seed ${seed}`)
    for (const [what, times] of outcome.seen) seen.set(what, (seen.get(what) ?? 0) + times)
  }
  return seen
}

const seedsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, nth) => first + nth)

test('[SI177] I1, I2, I3, I5, I6, I8, I16: three machines, of which loci and machines die', async (t) => {
  const seen = await courses(t, seedsFrom(100, 10), {
    machines: 3,
    accounts: 2,
    steps: 200,
    kills: 0.02,
    crashes: 0.01,
    cuts: 0,
  })
  t.true(
    (seen.get('crash') ?? 0) > 5 && (seen.get('kill') ?? 0) > 5 && (seen.get('back') ?? 0) > 20,
  )
})

test('[SI177] the same with wires that lose, repeat, overtake and are cut, four machines with one account each', async (t) => {
  const seen = await courses(t, seedsFrom(300, 6), {
    machines: 4,
    accounts: 1,
    steps: 250,
    kills: 0.01,
    crashes: 0.01,
    cuts: 0.02,
    wires: bad,
  })
  t.true((seen.get('crash') ?? 0) > 3 && (seen.get('recovery') ?? 0) > 20)
})

test('[SI177] the same with managers that are slow to make snapshots stable, two machines', async (t) => {
  const seen = await courses(t, seedsFrom(400, 6), {
    machines: 2,
    accounts: 3,
    steps: 250,
    kills: 0.02,
    crashes: 0.01,
    cuts: 0.01,
    wires: bad,
    world: { behaviour: { stabilise: false } },
  })
  t.true((seen.get('local') ?? 0) > 50 && (seen.get('back') ?? 0) > 20)
})

test('[SI177] I22: the same seed is the same course', async (t) => {
  const shape = {
    machines: 3,
    accounts: 1,
    steps: 100,
    kills: 0.02,
    crashes: 0.02,
    cuts: 0.02,
    wires: bad,
  }
  const [one, again, other] = [
    await course(7, shape),
    await course(7, shape),
    await course(8, shape),
  ]
  t.is(one.traceHash, again.traceHash)
  t.not(one.traceHash, other.traceHash)
})
