/** An administrator’s rollback of a whole simulated world: the real kernel, manager and disk, held against the model. */
import test from 'ava'
import { fuzzSimulated } from '../campaign/fuzz-sim.js'
import {
  cutRollback,
  keptShape,
  takeBack,
  worldWithPast,
  worldWithVisits,
} from '../campaign/rollback-cuts.js'
import { scenes } from '../campaign/scenes.js'

test('[SI72] a whole world goes back to any line it keeps, and holds what it held there', async (t) => {
  for (const seed of [12, 13, 18]) {
    const { run } = await worldWithPast(seed)
    const { world, host } = run
    const older = (than: number): number | undefined =>
      world.kernel.machine.kept.names.filter((line) => line < than).at(-1)
    // Each time to the newest that is older than where it is, while what happens meanwhile is kept too.
    for (let to = older(Infinity); to !== undefined; to = older(to)) {
      const wrong = await takeBack(world, to)
      await host.readBack()
      t.deepEqual([...wrong, ...world.problems], [], `seed ${seed}, line ${to}`)
    }
    await host.snapshot(true)
    await run.cutPower()
    await run.host.readBack()
    t.deepEqual(run.world.problems, [], `seed ${seed}, after a cut`)
  }
})

test('[SI72] the power fails at any write of a rollback: the world is where it was, or at the kept line', async (t) => {
  // A container on that line was destroyed since.
  const { images, before, after, wrong } = await cutRollback(12, { every: 2, torn: 1 })

  t.deepEqual(wrong, [])
  t.true(images > 10 && before > 0 && after > 0, `${images}: ${before} before, ${after} after`)
})

test('[SI72] random courses of hosts, loci, managers and power cuts, with rollbacks to kept lines among them, agree with the model', async (t) => {
  const { failure, calls } = await fuzzSimulated({ seed: 1400, steps: 4000, shape: keptShape })

  t.is(failure, null)
  t.true((calls.get('line_rollback ok') ?? 0) > 0)
})

test('[SI74] going back to a line with visits may be cut short at any write: the world is where it was, or at that line with its visits', async (t) => {
  const past = (seed: number) => worldWithVisits(seed, scenes['kept']!)

  const { wrong, images, after, visits } = await cutRollback(1, { every: 7, torn: 1, past })

  t.deepEqual(wrong, [])
  t.true(images >= 10 && after > 0 && visits > 0, JSON.stringify({ images, after, visits }))
})
