/** WO: when a host is told what a locus returned. */
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

test('[WO30] a host is told a result when it is recoverable, or at once where that is enough', async (t) => {
  const world = await openForTest(t, { dir: temporaryFolder(t), snapshotEveryMs: 0 })
  const captured: string[] = []
  const recoverable: string[] = []
  world.on('captured', () => captured.push('one'))
  world.on('recoverable', () => recoverable.push('one'))
  const program = fixture('ledger-office')
  const container = await world.createContainer({ name: 'office', program })
  const args = { as: 'office', who: 0, round: 1 }

  const locus = await world.startLocus(container, { name: 'it', args })
  const atOnce = await locus.result({ durable: 'volatile' })
  const by = captured.length
  const forGood = await locus.result()
  const run = await world.run(program, { name: 'other', args, durable: 'volatile' })
  const refusal = await t.throwsAsync(locus.result({ durable: 'soon' as never }))

  t.is(atOnce.result, 1)
  t.is(by, 0)
  t.is(forGood.result, 1)
  t.true(recoverable.length > 0)
  t.is(run.result, 1)
  t.is((refusal as Error & { status: string }).status, 'bad_argument')
})

test('[WO31] a locus without a name is refused, and a start after a kill has lost nothing', async (t) => {
  const dir = temporaryFolder(t)
  const world = await openForTest(t, { dir, snapshotEveryMs: 0 })
  const container = await world.createContainer({
    name: 'office',
    program: fixture('ledger-office'),
  })
  const args = { as: 'office', who: 0, round: 1 }

  for (const name of [undefined, '', 7]) {
    const refusal = await t.throwsAsync(world.startLocus(container, { name: name as never, args }))
    t.is((refusal as Error & { status: string }).status, 'bad_argument', String(name))
  }
  await world.snapshot()
  const { loci } = await world.status()
  await world.crash('kernel')
  await world.close()
  const again = await openForTest(t, { dir, snapshotEveryMs: 0 })

  t.deepEqual(loci, [])
  t.is(again.recovery.damage, null)
})
