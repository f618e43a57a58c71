/** Who waits at the gate of a container that never was, once its manager is back. */
import test from 'ava'
import { CampaignRun } from '../campaign/campaign-run.js'
import { dirty } from '../campaign/fuzz-manager.js'

test('[SI270] who waits at the gate of a container that goes back to before it was made finds it gone, and depends on nothing of it', async (t) => {
  // Of this world a locus of `e`, whose manager lives, comes to the gate of `a` while that goes back.
  const run = await CampaignRun.begin(1_289_814_465)
  const { host, world } = run
  await host.create('e', 36)
  await host.adopt('e')
  await host.setProgram('e', 'random')
  await host.retain('e', 3)
  for (const name of ['past 0', 'past 1', 'past 2']) {
    await host.start(name, 'e')
    world.run(12)
    await host.snapshot(true)
  }
  world.run(10)
  await host.fork('e', 'f')
  world.run(21)
  await dirty(run, 'a')
  host.ready()
  const { containers } = world.kernel.machine
  const before = containers.named('a')!.slot
  const waits = (): boolean =>
    world.kernel.machine.loci
      .threads()
      .some(
        ({ slot }) =>
          slot !== null &&
          world.sim.region.words.load(world.sim.region.locusWord(slot, 'awaits')) === before + 1,
      )
  let waited = false
  const { onStep } = world.sim
  world.sim.onStep = () => {
    onStep?.()
    waited ||= world.phase !== 'open' && waits()
  }

  t.true(run.killManagerAt('disk_write'))
  await host.snapshot(false)
  world.run(200)

  t.true(waited)
  t.is(containers.named('a'), null)
  t.is((await world.call('world_snapshot', { durable: true })).status, 'ok')
  t.deepEqual(world.problems, [])
})
