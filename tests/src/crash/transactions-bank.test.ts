/** Eight loci move money between few accounts in transactions, on real threads, while the manager is ended under them. */
import test, { type ExecutionContext } from 'ava'
import type { Container, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const [accounts, clerks, transfers] = [10, 8, 60]

interface Branches {
  readonly world: World
  /** Starts a locus in the bank. */
  readonly inBank: (name: string, args: object) => Promise<unknown>
  /** Starts one in another container, under another manager. */
  readonly inOffice: (name: string, args: object) => Promise<unknown>
}

async function open(t: ExecutionContext): Promise<Branches> {
  const dir = temporaryFolder(t)
  const managers = [{ name: 'transactional' }]
  const world = await openForTest(t, { dir, frames: 192, loci: 9, snapshotEveryMs: 40, managers })
  const program = fixture('tx-bank')
  const size = 1024 * 1024
  const bank = await world.createContainer({
    name: 'bank',
    size,
    manager: 'transactional',
    program,
  })
  const office = await world.createContainer({ name: 'office', size, program })
  const cap = await world.grant(office, bank)
  await world.snapshot({ durable: true })
  const start = async (container: Container, name: string, args: object): Promise<unknown> =>
    (await (await world.startLocus(container, { name, args })).result()).result
  return {
    world,
    inBank: (name, args) => start(bank, name, args),
    inOffice: (name, args) => start(office, name, { ...args, bank: cap }),
  }
}

const whole = {
  money: 0,
  entries: clerks * transfers,
  counts: Array.from({ length: clerks }, () => transfers),
}

test('[TX3] [TX1] eight loci transfer between ten accounts: no update is lost, none is done twice, also when the manager dies', async (t) => {
  const { world, inBank } = await open(t)
  const work = Array.from({ length: clerks }, (_, seed) =>
    inBank(`clerk ${seed}`, { accounts, transfers, seed }),
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

  t.deepEqual(await inBank('audit', { what: 'audit', accounts, clerks }), whole)
  t.true(rollbacks >= 1)
})

test('[TX13] loci of another container count in their registers what they commit: both come back together, whichever manager dies', async (t) => {
  const { world, inBank, inOffice } = await open(t)
  const work = Array.from({ length: clerks }, (_, seed) => {
    const args = { accounts, transfers, seed, durable: seed % 4 === 0 ? 'recoverable' : 'volatile' }
    return seed % 2 === 0 ? inBank(`clerk ${seed}`, args) : inOffice(`clerk ${seed}`, args)
  })
  let rollbacks = 0
  world.on('rollback', () => {
    rollbacks++
  })

  for (const manager of ['transactional', 'self-managing', 'transactional']) {
    await new Promise((resolve) => setTimeout(resolve, 600))
    await world.crashManager(manager)
  }
  await Promise.all(work)

  t.deepEqual(await inBank('audit', { what: 'audit', accounts, clerks }), whole)
  t.true(rollbacks >= 1)
})
