/** LO: random courses of a bank whose accounts invoke each other over machines, while loci and machines die and wires are cut. */
import test from 'ava'
import { course, type CourseShape } from './course.js'

const bad = { latencyMs: 0.2, spreadMs: 2, loss: 0.02, duplication: 0.02, reorder: 0.05 }

async function courses(
  t: { deepEqual: (a: unknown, b: unknown, message: string) => void },
  first: number,
  count: number,
  shape: CourseShape,
): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await course(seed, { invokes: true, room: 8, ...shape })
    t.deepEqual(outcome.problems, [], `seed ${seed}`)
    for (const [what, times] of outcome.seen) seen.set(what, (seen.get(what) ?? 0) + times)
  }
  return seen
}

test('[LO152] machines and loci die while accounts invoke each other: nothing is run twice, nothing is lost, and nobody goes back for nothing', async (t) => {
  const seen = await courses(t, 900, 8, {
    machines: 3,
    accounts: 2,
    steps: 200,
    kills: 0.01,
    crashes: 0.008,
    cuts: 0,
  })
  const times = (what: string): number => seen.get(what) ?? 0
  t.true(times('crash') > 3 && times('kill') > 3 && times('back') > 10)
  t.true(times('invoke ok') > 50 && times('invoke nested') > 5 && times('invoke visit') > 50)
})

test('[LO152] the same with wires that lose, repeat, overtake and are cut', async (t) => {
  const seen = await courses(t, 950, 6, {
    machines: 4,
    accounts: 1,
    steps: 200,
    kills: 0.01,
    crashes: 0.008,
    cuts: 0.02,
    wires: bad,
  })
  t.true((seen.get('invoke ok') ?? 0) > 20)
})

test('[LO163] the same where visits are lent, and pages are lost with the machines that could have written them', async (t) => {
  const lends = { elsewhere: { decision: 'local_support' }, writtenElsewhere: 1 } as const
  const seen = await courses(t, 980, 8, {
    machines: 3,
    accounts: 2,
    room: 16,
    steps: 200,
    kills: 0.01,
    crashes: 0.008,
    cuts: 0.01,
    wires: bad,
    world: { others: [{ name: 'proxy' }], behaviour: lends },
  })
  t.true((seen.get('invoke ok') ?? 0) > 50 && (seen.get('invoke lent') ?? 0) > 40)
})
