/** What passes through mappings, in whole simulated worlds from seeds: captures, losses and power cuts at any moment. */
import test from 'ava'
import { MappedRun } from '../campaign/mapped-run.js'

test('[SI95] whatever is captured, lost or cut off at any moment, nobody knows what has not happened, and what was moved is there once', async (t) => {
  let lives = 0
  for (let seed = 1; seed <= 25; seed++) {
    const safepoints = [0.02, 0.2, 0.7][seed % 3]!
    const run = new MappedRun(seed, { deeds: 300, safepoints })
    await run.begin()
    for (let step = 0; step < 40; step++) {
      await run.step()
      if (run.world.problems.length > 0) break
    }
    await run.host.snapshot(true)
    await run.cutPower()
    await run.host.readBack()

    t.deepEqual(run.world.problems, [], `seed ${seed}`)
    lives += run.lives
  }
  t.true(lives > 60, `${lives} lives`)
})
