/** Captures of a running world are atomic: what is restored has no half transfer, and each transfer once. */
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

test('[ME3] every snapshot of a running bank is whole, through four rollbacks and a restart', async (t) => {
  const dir = temporaryFolder(t)
  const [accounts, transfers, loci] = [150, 12_000, 3]
  const open = { dir, frames: 64, snapshotEveryMs: 25 }
  const world = await openForTest(t, open)
  const bank = await world.createContainer({ name: 'bank', program: fixture('bank') })
  const clerks = await Promise.all(
    Array.from({ length: loci }, (_, clerk) =>
      world.startLocus(bank, {
        name: `clerk ${clerk}`,
        args: { accounts, transfers, seed: clerk },
      }),
    ),
  )
  const ended = Promise.all(clerks.map((clerk) => clerk.result()))
  await world.snapshot()
  let [rollbacks, lines, isOver] = [0, 0, false]
  world.on('rollback', () => {
    rollbacks++
  })
  world.on('recoverable', () => {
    lines++
  })
  void ended.then(() => (isOver = true))

  for (let crash = 1; crash <= 4; crash++) {
    const before = lines
    await until('the line moves', () => isOver || lines > before + 3)
    await world.crashManager()
    await until('the world has gone back', () => rollbacks >= crash)
  }
  const results = await ended
  await world.close()
  const again = await openForTest(t, open)
  const books = await again.createContainer({
    name: 'bank',
    program: fixture('bank-sum'),
    acceptChanged: true,
  })
  const audit = await again.startLocus(books, { name: 'audit', args: { accounts } })
  const { result } = await audit.result()

  t.deepEqual(
    results.map((each) => each.result),
    [transfers, transfers, transfers],
  )
  t.deepEqual(result, { money: 0, entries: 2 * transfers * loci })
  t.true(rollbacks >= 4)
})
