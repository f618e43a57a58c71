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
