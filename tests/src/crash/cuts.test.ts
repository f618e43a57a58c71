/** The small part of `npm run crash` that every run of the tests has: power cuts, and managers killed at their messages. */
import test from 'ava'
import { cutEverywhere } from '../campaign/crash-cuts.js'
import { killAtMessages } from '../campaign/manager-kills.js'
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
