/** Eight loci move money between few accounts in transactions, on real threads, while the manager is ended under them. */
import test, { type ExecutionContext } from 'ava'
import type { Container, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
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

function backAgain(world: World): { rollbacks: number } {
  const back = { rollbacks: 0 }
  world.on('rollback', () => back.rollbacks++)
  return back
}

/** Until the line has moved a few times, or all have come to their ends. */
async function moves(world: World, work: Promise<unknown>): Promise<void> {
  let lines = 0
  let isOver = false
  const stop = world.on('recoverable', () => lines++)
  void work.then(() => (isOver = true))
  await until('the line moves', () => isOver || lines > 3)
  stop()
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
  const back = backAgain(world)
  const ended = Promise.all(work)
  for (let crash = 1; crash <= 2; crash++) {
    await moves(world, ended)
    await world.crashManager('transactional')
    await until('the world has gone back', () => back.rollbacks >= crash)
  }
  await ended

  t.deepEqual(await inBank('audit', { what: 'audit', accounts, clerks }), whole)
  t.true(back.rollbacks >= 2)
})

test('[TX13] loci of another container count in their registers what they commit: both come back together, whichever manager dies', async (t) => {
  const { world, inBank, inOffice } = await open(t)
  const work = Array.from({ length: clerks }, (_, seed) => {
    const args = { accounts, transfers, seed, durable: seed % 4 === 0 ? 'recoverable' : 'volatile' }
    return seed % 2 === 0 ? inBank(`clerk ${seed}`, args) : inOffice(`clerk ${seed}`, args)
  })
  const back = backAgain(world)
  const ended = Promise.all(work)
  for (const [before, manager] of ['transactional', 'self-managing', 'transactional'].entries()) {
    await moves(world, ended)
    await world.crashManager(manager)
    await until('the world has gone back', () => back.rollbacks > before)
  }
  await ended

  t.deepEqual(await inBank('audit', { what: 'audit', accounts, clerks }), whole)
  t.true(back.rollbacks >= 3)
})
