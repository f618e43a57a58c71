/** The small part of the fuzz on threads, and what a soak calls growth. */
import test from 'ava'
import { fuzzThreads } from '../campaign/fuzz-threads.js'
import { growthOf, type Sample } from '../campaign/soak.js'

const sample = (second: number, more: Partial<Sample> = {}): Sample => ({
  second,
  heapMb: 10,
  rssMb: 200,
  externalMb: 5,
  handles: 50,
  threads: 18,
  framesHeld: 180,
  tableBytesFree: 1000,
  diskMb: 100,
  segments: 40 + (second % 7),
  captures: second,
  faults: second * 100,
  visitors: second,
  ...more,
})

test('[WO19] on threads every access is what the model says, through kills, closing and opening', async (t) => {
  const { failure, operations } = await fuzzThreads({ seed: 2026, steps: 1500 })

  t.is(failure, null)
  t.true(operations >= 1500)
})

test('[WO22] a soak calls growth what grows, and nothing else', (t) => {
  const steady = Array.from({ length: 30 }, (_, second) => sample(second))
  const leaking = steady.map((each) => ({ ...each, handles: 50 + each.second }))
  const swelling = steady.map((each) => ({ ...each, rssMb: 200 + 9 * each.second }))
  const shrinking = steady.map((each) => ({ ...each, tableBytesFree: 1000 - each.second }))
  const stopped = steady.map((each) => ({ ...each, faults: Math.min(1500, each.faults) }))

  t.deepEqual(growthOf(steady), [])
  t.regex(growthOf(leaking).join(), /^handles grew/)
  t.regex(growthOf(swelling).join(), /^rssMb grew/)
  t.is(growthOf(shrinking).length, 1)
  t.regex(growthOf(stopped).join(), /stop/)
})
