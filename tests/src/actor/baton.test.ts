/** Real threads, one step at a time: it finds planted faults, and finds none where there is none. */
import { createBaton } from '@katydid/actor'
import test from 'ava'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { BatonReport, BatonWork, Scene } from './baton.worker.js'

const seeds = Array.from({ length: 40 }, (_, n) => n + 1)
// A ring is lost in one order of many: it takes more seeds to meet it.
const manySeeds = Array.from({ length: 400 }, (_, n) => n + 1)

async function play(scene: Scene, chosen: readonly number[] = seeds): Promise<BatonReport[]> {
  const handle = createBaton(2)
  const words = new SharedArrayBuffer(64)
  return Promise.all(
    [0, 1].map(async (thread) => {
      const work: BatonWork = { handle, words, thread, scene, seeds: chosen }
      const url = new URL('./baton.worker.js', import.meta.url)
      const worker = new Worker(url, { workerData: work })
      const [report] = (await once(worker, 'message')) as [BatonReport]
      await worker.terminate()
      return report
    }),
  )
}

/** The sum that the last thread of each seed saw. */
const sums = ([a, b]: BatonReport[]): number[] =>
  a!.said.map((sum, index) => Math.max(sum, b!.said[index]!))

test('[AC18] a planted lost update is found by some seeds, and the same ones each time', async (t) => {
  const first = sums(await play('plain add'))
  const again = sums(await play('plain add'))

  t.true(first.some((sum) => sum < 10))
  t.deepEqual(again, first)
})

test('[AC18] with compare-exchange no seed loses an update', async (t) => {
  const found = sums(await play('careful add'))

  t.true(found.every((sum) => sum === 10))
})

test('[AC18] same seeds, same steps; other seeds, other steps', async (t) => {
  const [first] = await play('plain add')
  const [again] = await play('plain add')

  t.deepEqual(again!.hashes, first!.hashes)
  t.true(new Set(first!.hashes).size > seeds.length / 2)
})

test('[AC4] no order of steps loses a ring', async (t) => {
  const [listener] = await play('bell', manySeeds)

  t.is(
    listener!.said.reduce((a, b) => a + b),
    0,
  )
})

test('[AC4] a bell that looks before it speaks loses rings, and the baton finds it', async (t) => {
  const [listener] = await play('deaf bell', manySeeds)

  t.true(listener!.said.reduce((a, b) => a + b) > 0)
})

test('[AC18] when all sleep, time jumps to the first that wakes', async (t) => {
  const [short, long] = await play('sleep', [1, 2, 3])

  t.deepEqual(short!.said, [100, 100, 100])
  t.deepEqual(long!.said, [200, 200, 200])
})

test('[AC18] when all sleep for ever, all are told', async (t) => {
  const [a, b] = await play('deadlock', [1])

  t.deepEqual([a!.said, b!.said], [[1], [1]])
})
