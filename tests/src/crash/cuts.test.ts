/** The small part of `npm run crash` that every run of the tests has: power cuts, and managers killed at their messages. */
import test from 'ava'
import { cutEverywhere } from '../campaign/crash-cuts.js'
import { Findings } from '../campaign/findings.js'
import { killAtMessages } from '../campaign/manager-kills.js'
import { scenes } from '../campaign/scenes.js'
import { crashShape } from '../campaign/scripted-run.js'

const part = { seed: 4, torn: 1, compoundEvery: 3, rounds: 4 }

test('[WO20] a world whose power fails at a write, torn or whole, and again as it recovers, is back at what was recoverable', async (t) => {
  const told: number[] = []
  const onProgress = (done: number, found: readonly string[]): void => {
    told.push(done + found.length)
  }

  const { wrong, images, compound } = await cutEverywhere({ ...part, every: 11, onProgress })

  t.deepEqual(wrong, [])
  t.is(told.at(-1), images, 'it says how far it has come as it goes on')
  t.true(images > 30 && compound > 9, `${images} images, ${compound} of them cut again`)
})

test('[WO20] a barrier that does nothing does not get past these cuts', async (t) => {
  const { world } = crashShape
  const lying = { ...crashShape, world: { ...world, disk: { ...world.disk, barrierLies: true } } }

  const { wrong } = await cutEverywhere({ ...part, every: 11, shape: lying })

  t.true(wrong.length > 0)
})

test('[WO20] a manager killed as it takes or sends a message costs nothing that was recoverable', async (t) => {
  const { wrong, kills } = await killAtMessages({ seed: 4, every: 19 })

  t.deepEqual(wrong, [])
  t.true(kills > 8, `${kills} kills`)
})

test('[WO20] a manager killed while it is to be told of a destroyed container leaves no page of that behind', async (t) => {
  const { wrong, kills } = await killAtMessages({
    seed: 4242,
    every: 1,
    before: 'containerDestroyed',
  })

  t.deepEqual(wrong, [])
  t.true(kills > 5, `${kills} kills`)
})

/** What must have been done in the runs of these. */
const done: Readonly<Record<string, string>> = {
  'demand-zero': '',
  transactional: 'transaction committed',
  logging: 'visit is a point',
  deterministic: 'visit is a point',
  kept: 'visit is a point',
  mapped: '',
}

for (const [name, deed] of Object.entries(done))
  test(`[WO68] a run whose power fails at a write is back at what was recoverable: ${name}`, async (t) => {
    const shape = scenes[name]!

    const result = await cutEverywhere({ ...part, every: 131, shape })

    t.deepEqual(result.wrong, [])
    t.true(result.images >= 8, `${result.images} images`)
    if (deed !== '') t.true((result.done[deed] ?? 0) > 50, JSON.stringify(result.done))
  })

test('[WO68] on a disk that the run fills, a world whose power fails says so, or is back at what was recoverable; what it reads is right', async (t) => {
  const shape = scenes['tight']!

  const result = await cutEverywhere({ ...part, torn: 2, rounds: 6, every: 40, shape })

  t.deepEqual(result.wrong, [])
  t.true(result.full >= 1 && result.images > 10 * result.full, JSON.stringify(result))
})

for (const name of ['transactional', 'deterministic'])
  test(`[WO68] the manager killed at a message of its own costs nothing that was recoverable: ${name}`, async (t) => {
    const shape = scenes[name]!

    const { wrong, kills } = await killAtMessages({ seed: 4, every: 311, shape, manager: name })

    t.deepEqual(wrong, [])
    t.true(kills >= 1, `${kills} kills`)
  })

test('[WO69] what is found is told by kind, and a thousand of one kind hide none of another', (t) => {
  const findings = new Findings()
  for (let at = 0; at < 1000; at++) findings.add(`write ${at}`, `boot: disk_full, ${at} segments`)
  findings.add('write 1000', 'unit 3 is back at 7')

  t.is(findings.wrong.length, 6)
  t.is(findings.wrong.at(-1), 'write 1000: unit 3 is back at 7')
  t.deepEqual(Object.values(findings.kinds), [1000, 1])
})

test('[WO69] one image of a campaign can be had again, and is the same', async (t) => {
  const { world } = crashShape
  const shape = { ...crashShape, world: { ...world, disk: { ...world.disk, barrierLies: true } } }
  const all = await cutEverywhere({ ...part, rounds: 2, every: 23, shape })
  const [, write, torn] = /write (\d+) \(([^)]*)\): /.exec(all.wrong[0]!)!

  const only = { write: Number(write), torn: torn! }
  const again = await cutEverywhere({ ...part, rounds: 2, every: 1, shape, only })

  t.is(again.images, 1)
  t.is(again.wrong[0], all.wrong[0])
})
