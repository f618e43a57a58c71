/** Two managers in one world, on real threads and a real file: both page at once, and either may die in the middle. */
import { setTimeout as sleep } from 'node:timers/promises'
import { KatydidError, type World } from 'katydid'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

const managers = [{ name: 'demand-zero', options: { policy: 'lru' } }] as const
const pages = 160

interface Rounds {
  readonly round: number
  readonly entries?: number
}

/** A locus under each manager, in the middle of its work. */
async function bothUnderWay(t: ExecutionContext, world: World, rounds: number, pauseMs: number) {
  const kept = await world.createContainer({ name: 'kept', program: fixture('paged-rounds') })
  const volatile = await world.createContainer({
    name: 'volatile',
    program: fixture('volatile-rounds'),
    manager: 'demand-zero',
  })
  const args = { pages, rounds, pauseMs }
  const loci = [
    await world.startLocus(kept, { name: 'kept', args }),
    await world.startLocus(volatile, { name: 'volatile', args }),
  ]
  const results = Promise.all(loci.map((each) => each.result()))
  results.catch(() => undefined)
  return async (): Promise<Rounds[]> => {
    const ended = await results
    t.is(ended.length, 2)
    return ended.map(({ result }) => result as Rounds)
  }
}

/** Each locus is past its first round, and a capture taken since then is recoverable. */
async function underLine(world: World): Promise<void> {
  for (;;) {
    const { loci } = await world.status()
    if (loci.length === 2 && loci.every(({ faults }) => faults > pages + 1)) break
    await sleep(20)
  }
  for (;;) {
    try {
      await world.snapshot()
      return
    } catch (error) {
      // A round of paging may take longer than a capture waits, on a machine that does much else.
      if (!(error instanceof KatydidError) || error.status !== 'busy') throw error
    }
  }
}

test('[MG38] two managers page at once, one of them dies in the middle of its work, then the other: both loci come to their ends', async (t) => {
  const world = await openForTest(t, {
    dir: temporaryFolder(t),
    managers,
    snapshotEveryMs: 150,
  })
  const ends = await bothUnderWay(t, world, 40, 100)

  await underLine(world)
  let rollbacks = 0
  world.on('rollback', () => rollbacks++)
  await world.crashManager('demand-zero')
  await until('it has gone back', () => rollbacks > 0)
  await world.crashManager()
  const [kept, volatile] = await ends()

  t.is(kept?.round, 40)
  t.is(volatile?.round, 40)
  t.true((volatile?.entries ?? 0) > 1)
  t.true(world.counters().discardsDirty > 0)
})

test('[MG35] the process ends and the world is opened without naming the manager: it comes back, its container empty, its locus resumed', async (t) => {
  const dir = temporaryFolder(t)
  const first = await openForTest(t, { dir, managers, snapshotEveryMs: 150 })
  const ends = await bothUnderWay(t, first, 40, 100)
  await underLine(first)
  await first.close()
  await t.throwsAsync(ends(), { instanceOf: KatydidError })

  const again = await openForTest(t, { dir })
  const loci = await Promise.all(
    ['kept', 'volatile'].map(async (name) => {
      const container = await again.createContainer({ name })
      return (await again.startLocus(container, { name })).result()
    }),
  )
  const [kept, volatile] = loci.map(({ result }) => result as Rounds)

  t.is(kept?.round, 40)
  t.is(volatile?.round, 40)
  t.is(volatile?.entries, 2)
})

test('[MG34] a manager that has enough refuses, and the name is free for another', async (t) => {
  const world = await openForTest(t, {
    dir: temporaryFolder(t),
    managers: [
      { name: 'small', module: new URL(demandZeroModule()), options: { mostContainers: 1 } },
    ],
  })
  await world.createContainer({ name: 'a', manager: 'small' })

  const refused = await t.throwsAsync(world.createContainer({ name: 'b', manager: 'small' }), {
    instanceOf: KatydidError,
  })
  const unknown = await t.throwsAsync(world.createContainer({ name: 'b', manager: 'nobody' }), {
    instanceOf: KatydidError,
  })
  const taken = await world.createContainer({ name: 'b' })

  t.is(refused.status, 'no_manager')
  t.is(unknown.status, 'bad_argument')
  t.is(taken.name, 'b')
})

const demandZeroModule = (): string =>
  import.meta.resolve('@katydid/managers/demand-zero/demand-zero.worker.js')
