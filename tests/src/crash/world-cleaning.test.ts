/** A world whose program writes more than its disk holds, and leaves something needed everywhere on it. */
import { KatydidError, type World } from 'katydid'
import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const moved = async (world: World): Promise<void> => {
  for (let i = 0; i < 600 && (world.counters().pagesMoved ?? 0) < 100; i++) await sleep(50)
}

test('[MG19] on real threads a small disk is cleaned while a program runs on, and holds everything when it is opened again', async (t) => {
  const diskBytes = 64 * 1024 ** 2
  const options = { dir: temporaryFolder(t), frames: 128, diskBytes, snapshotEveryMs: 100 }
  const world = await openForTest(t, options)
  const args = { hot: 300, rounds: 120, pauseMs: 30 }
  const unfinished = t.throwsAsync(world.run(fixture('scattered-rounds'), { args }), {
    instanceOf: KatydidError,
  })
  await moved(world)
  const before = world.counters()
  await world.close()

  const again = await openForTest(t, options)
  const { result, resumed } = await again.run(fixture('scattered-rounds'), { args })

  t.is((await unfinished).status, 'closed')
  t.true(resumed)
  t.deepEqual(result, { round: 120 })
  t.true(before.pagesMoved >= 100)
  t.true(before.bytesWritten + again.counters().bytesWritten > diskBytes)
})
