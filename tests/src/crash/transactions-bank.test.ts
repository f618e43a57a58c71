/** Eight loci move money between few accounts in transactions, on real threads, while the manager is ended under them. */
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const [accounts, clerks, transfers] = [10, 8, 60]

test('[TX3] [TX1] eight loci transfer between ten accounts: no update is lost, none is done twice, also when the manager dies', async (t) => {
  const dir = temporaryFolder(t)
  const managers = [{ name: 'transactional' }]
  const world = await openForTest(t, { dir, frames: 192, loci: 9, snapshotEveryMs: 40, managers })
  const bank = await world.createContainer({
    name: 'bank',
    size: 1024 * 1024,
    manager: 'transactional',
    program: fixture('tx-bank'),
  })
  const start = async (name: string, args: object): Promise<unknown> => {
    const locus = await world.startLocus(bank, { name, args })
    return (await locus.result()).result
  }
  const work = Array.from({ length: clerks }, (_, seed) =>
    start(`clerk ${seed}`, { accounts, transfers, seed }),
  )
  let rollbacks = 0
  world.on('rollback', () => {
    rollbacks++
  })

  for (const afterMs of [700, 900]) {
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await world.crashManager('transactional')
  }
  await Promise.all(work)
  const audit = await start('audit', { what: 'audit', accounts, clerks })

  t.deepEqual(audit, {
    money: 0,
    entries: clerks * transfers,
    counts: Array.from({ length: clerks }, () => transfers),
  })
  t.true(rollbacks >= 1)
})
