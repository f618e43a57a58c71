/** What an opening may ask for. */
import path from 'node:path'
import test from 'ava'
import { openWorld } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { openForTest } from '../support/worlds.js'

test('[WO18] a manager has as many frames for its own pages as were asked for', async (t) => {
  const world = await openForTest(t, { dir: path.join(temporaryFolder(t), 'w'), managerFrames: 9 })

  // A container is made when its manager has taken it: then the manager is up.
  await world.createContainer({ name: 'c' })

  t.is(world.counters().ownFramesMax, 9)
})

for (const [managerFrames, sentence] of [
  [3, 'ManagerFrames must be a whole number of at least 4, not 3.'],
  [4.5, 'ManagerFrames must be a whole number of at least 4, not 4.5.'],
  [17, 'ManagerFrames must be at most 16, a quarter of 64 frames, not 17.'],
] as const) {
  test(`[WO18] ${managerFrames} of 64 frames for the manager’s own pages are refused`, async (t) => {
    const dir = path.join(temporaryFolder(t), 'w')

    const error = await t.throwsAsync(openWorld({ dir, frames: 64, managerFrames }))

    t.is((error as { status?: string }).status, 'bad_argument')
    t.is(error.message, sentence)
  })
}

test('[WO28] a world has room for as many containers as it was made with, and another number later is refused', async (t) => {
  const dir = path.join(temporaryFolder(t), 'w')
  const world = await openForTest(t, { dir, containers: 40, frames: 64 })
  await world.close()

  const again = await openForTest(t, { dir, frames: 64 })
  const shape = again.shape.maxContainers
  await again.close()
  const other = await t.throwsAsync(openWorld({ dir, containers: 41 }))
  const few = await t.throwsAsync(openWorld({ dir, containers: 1 }))
  const many = await t.throwsAsync(openWorld({ dir, containers: 513 }))

  t.is(shape, 40)
  t.regex(other.message, /has room for 40 containers, not 41/)
  t.is(few.message, 'Containers must be a whole number of at least 2, not 1.')
  t.is(many.message, 'Containers must be at most 512, not 513.')
})
