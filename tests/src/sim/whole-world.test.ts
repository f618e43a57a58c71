/** A whole world in the simulator, from a seed: the small part of `npm run fuzz` that every run of the tests has. */
import test from 'ava'
import { CampaignRun } from '../campaign/campaign-run.js'
import { fuzzSimulated } from '../campaign/fuzz-sim.js'
import { scriptedRun } from '../campaign/scripted-run.js'

test('[AC16] a whole world, loci and manager and disk, runs the same for the same seed', async (t) => {
  const [one, again, other] = [
    await scriptedRun(11, { rounds: 2 }),
    await scriptedRun(11, { rounds: 2 }),
    await scriptedRun(12, { rounds: 2 }),
  ]

  t.is(one.traceHash, again.traceHash)
  t.is(one.operations, again.operations)
  t.not(one.traceHash, other.traceHash)
})

test('[WO19] random courses of hosts, loci, managers, kills and power cuts agree with the model', async (t) => {
  const { failure, operations, lives } = await fuzzSimulated({ seed: 2030, steps: 5000 })

  t.is(failure, null)
  t.true(operations >= 5000 && lives > 4, `${operations} operations, ${lives} lives`)
})

test('[SI17] a manager finds a frame for its root page, however many frames another asks for at its start', async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const run = await CampaignRun.begin(seed)
    await run.host.create('a', 30)
    await run.host.adopt('a')
    run.world.killManager()
    run.world.run(500)

    t.is(run.world.phase, 'open', `seed ${seed}`)
    t.deepEqual(run.world.problems, [], `seed ${seed}`)
  }
})

test('[SI15] a manager that dies in the middle of a recovery starts again with nothing of its last life', async (t) => {
  for (let steps = 0; steps < 45; steps += 3) {
    const run = await CampaignRun.begin(steps)
    const { host, world } = run
    await host.create('a', 30)
    await host.adopt('a')
    await host.setProgram('a', 'random')
    await host.start('l0', 'a')
    world.run(20)
    await host.snapshot(true)
    world.killLocus(world.lociPorts()[0]!)
    world.until(() => world.phase === 'recovering')
    for (let step = 0; step < steps; step++) world.sim.step()

    world.killManager()
    await host.readBack()

    t.deepEqual(world.problems, [], `killed after ${steps} steps of the recovery`)
  }
})

test('[WO19] a word that is not what the model says is found', async (t) => {
  const run = await CampaignRun.begin(3)
  await run.host.create('a', 30)
  await run.host.adopt('a')
  await run.host.setProgram('a', 'random')
  await run.host.start('l0', 'a')
  run.world.run(50)
  t.deepEqual(run.world.problems, [])

  const { words } = run.world.model.containers.get('a')!
  const [offset, value] = [...words].at(-1)!
  words.set(offset, value ^ 1)
  await run.host.readBack()

  t.regex(run.world.problems.join('\n'), new RegExp(`a at ${offset} (reads|held) ${value}`))
})
