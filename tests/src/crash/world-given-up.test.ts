/** What goes wrong in a part of a world stays there: a manager that dies again and again, or says that all is lost. On threads. */
import test from 'ava'
import { KatydidError, type World } from 'katydid'
import { root } from '../support/house.js'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const managers = [{ name: 'demand-zero' }] as const
const args = { pages: 60, rounds: 12, pauseMs: 5 }

/** Ends the manager as often as it is started, until it is given up. */
async function wearOut(world: World, name: string): Promise<string> {
  const said = new Promise<string>((resolve) => {
    world.on('manager_given_up', ({ detail }) => resolve(detail))
  })
  let over = false
  void said.then(() => (over = true))
  for (let times = 0; times < 6; times++) {
    if (over) break
    const back = new Promise<void>((resolve) => {
      const stop = world.on('rollback', () => {
        stop()
        resolve()
      })
    })
    await world.crashManager(name)
    await back
  }
  return said
}

test('[MG71] on threads: a second manager is worn out, the locus in its container ends with manager_failed, the other comes to its end', async (t) => {
  const dir = temporaryFolder(t)
  const world = await openForTest(t, { dir, managers, snapshotEveryMs: 50 })
  const kept = await world.createContainer({ name: 'kept', program: fixture('paged-rounds') })
  const lost = await world.createContainer({
    name: 'lost',
    program: fixture('volatile-rounds'),
    manager: 'demand-zero',
  })
  const inKept = await world.startLocus(kept, { name: 'kept', args: { ...args, pauseMs: 40 } })
  const inLost = await world.startLocus(lost, { name: 'lost', args: { ...args, rounds: 1e6 } })
  const refused = t.throwsAsync(inLost.result(), { instanceOf: KatydidError })
  await world.snapshot()

  const detail = await wearOut(world, 'demand-zero')
  const { result } = await inKept.result()
  const error = await refused
  const after = await world.snapshot()

  t.regex(detail, /“demand-zero” failed 6 times in a minute and was given up/)
  t.is((result as { round: number }).round, args.rounds)
  t.is(error.status, 'manager_failed')
  t.true(after > 0)
  const { containers } = await world.status()
  t.deepEqual(
    containers
      .filter(({ name }) => name !== '')
      .map(({ name, state }) => [name, state])
      .slice(-2),
    [
      ['kept', 'live'],
      ['lost', 'failed'],
    ],
  )
  await world.close()

  const again = await openForTest(t, { dir, managers })
  const { loci, containers: back } = await again.status()
  t.is(back.find(({ name }) => name === 'lost')?.state, 'live')
  t.not(loci.find(({ name }) => name === 'lost')?.state, 'ended')
})

test('[WO23] a manager and a program say that the world has failed, and give orders: it goes on', async (t) => {
  const loud = { name: 'loud', module: `${root}/tests/fixtures/loud-manager.mjs` }
  const world = await openForTest(t, { dir: temporaryFolder(t), hold: true, managers: [loud] })
  const troubles: string[] = []
  const logged: string[] = []
  const recoverable: number[] = []
  world.on('trouble', ({ detail }) => troubles.push(detail))
  world.on('log', ({ text }) => logged.push(text))
  world.on('recoverable', ({ capture }) => recoverable.push(capture))

  const { result } = await world.run(fixture('loud-program'), {
    container: { manager: 'loud', size: 65536 },
  })
  await world.crashManager('loud')
  await new Promise<void>((resolve) => {
    world.on('rollback', () => resolve())
  })

  t.is(result, 'done')
  t.deepEqual(logged, ['still here'])
  t.true(recoverable.every((capture) => capture < 1000))
  t.deepEqual(troubles, ['the manager says that all is lost'])
  t.true((await world.snapshot()) > 0)
})
