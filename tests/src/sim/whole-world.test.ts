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
  const { failure, operations, lives } = await fuzzSimulated({ seed: 2026, steps: 4000 })

  t.is(failure, null)
  t.true(operations >= 4000 && lives > 10, `${operations} operations, ${lives} lives`)
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
