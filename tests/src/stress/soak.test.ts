/** The small part of the fuzz on threads; what a soak calls growth; and a world that is soaked for half a minute. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { fuzzThreads } from '../campaign/fuzz-threads.js'
import { growthOf, type Sample } from '../campaign/soak-growth.js'
import { root } from '../support/house.js'

const sample = (second: number, more: Partial<Sample> = {}): Sample => ({
  second,
  heapMb: 10,
  rssMb: 200,
  externalMb: 5,
  handles: 50,
  threads: 18,
  framesHeld: 180,
  framesLost: 3,
  tableBytesFree: 1000,
  diskMb: 100,
  segments: 40 + (second % 7),
  captures: second,
  faults: second * 100,
  visitors: second,
  lines: 3 * second,
  containers: 12,
  loci: 4,
  heaps: new Map([[2, 9]]),
  ...more,
})

test('[WO19] on threads every access is what the model says, through kills, closing and opening', async (t) => {
  const { failure, operations } = await fuzzThreads({ seed: 2026, steps: 1500 })

  t.is(failure, null)
  t.true(operations >= 1500)
})

test('[WO22] a soak calls growth what grows, and nothing else', (t) => {
  const steady = Array.from({ length: 30 }, (_, second) => sample(second))
  const grows = (more: (each: Sample) => Partial<Sample>): string =>
    growthOf(steady.map((each) => ({ ...each, ...more(each) }))).join()

  t.deepEqual(growthOf(steady), [])
  t.is(
    grows(({ second }) => ({ threads: 18 + (second % 3), handles: 50 + 4 * (second % 3) })),
    '',
  )
  t.regex(
    grows(({ second }) => ({ handles: 50 + second })),
    /^handles besides those of threads grew/,
  )
  t.is(
    grows(({ second }) => ({ segments: 40 + 4 * second })),
    '',
  )
  t.regex(
    grows(({ second }) => ({ segments: 40 + 4 * second, second: 10 * second })),
    /^segments grew/,
  )
  t.regex(
    grows(({ second }) => ({ rssMb: 200 + 9 * second })),
    /^rssMb grew/,
  )
  t.regex(
    grows(({ second }) => ({ framesLost: 3 + second })),
    /^framesLost grew/,
  )
  t.regex(
    grows(({ second }) => ({ heaps: new Map([[2, 9 + second / 10]]), second: 10 * second })),
    /^the heap of thread 2/,
  )
  t.is(
    grows(({ second }) => ({ heaps: new Map([[2, 9 + second / 20]]) })),
    '',
  )
  t.regex(
    grows(({ second }) => ({ heaps: new Map([[2, 9 + second / 3]]) })),
    /^the heap of thread 2/,
  )
  t.regex(
    grows(({ second }) => ({ tableBytesFree: 1000 - second })),
    /^page-table bytes in use grew/,
  )
  t.regex(
    grows(({ faults }) => ({ faults: Math.min(1500, faults) })),
    /stop: faults/,
  )
})

test('[WO22] a world under a load of all kinds does not grow in half a minute', async (t) => {
  // In a process of its own: every thread of it weighs its heap.
  const args = [`${root}/scripts/soak.mjs`, '--minutes', '0.42', '--seed', '7']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const told: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => told.push(text))
  const [code] = (await once(child, 'close')) as [number | null]

  t.is(code, 0, told.join(''))
  t.regex(told.join(''), /nothing grew/)
})
