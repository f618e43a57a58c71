/** Transactions on real threads: what programs see of them. */
import test, { type ExecutionContext } from 'ava'
import type { Container, OpenOptions, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

interface Bank {
  readonly world: World
  readonly container: Container
  /** Starts a locus that does `what`; its result. */
  readonly run: (what: string, args?: object) => Promise<unknown>
}

let loci = 0

async function open(t: ExecutionContext, options: Partial<OpenOptions> = {}): Promise<Bank> {
  const dir = temporaryFolder(t)
  const managers = [{ name: 'transactional' }]
  const world = await openForTest(t, { dir, frames: 192, loci: 9, managers, ...options })
  const program = fixture('transactions')
  const shape = { name: 'bank', size: 256 * 4096, manager: 'transactional' }
  const container = await world.createContainer({ ...shape, program })
  const run = async (what: string, args: object = {}): Promise<unknown> => {
    const name = `${what} ${loci++}`
    const locus = await world.startLocus(container, { name, args: { what, ...args } })
    return (await locus.result()).result
  }
  return { world, container, run }
}

test('[TX2] a transaction sees what it wrote, and nobody else before it commits', async (t) => {
  const { run } = await open(t)

  const [own, seen] = await Promise.all([run('hide', { ms: 300 }), run('watch')])

  t.deepEqual(own, [1, 1])
  t.false((seen as number[]).includes(1))
  t.true((seen as number[]).includes(2))
})

test('[TX9] inside a transaction everything that could not be undone is refused', async (t) => {
  const { run } = await open(t)

  const { met, after } = (await run('refusals')) as { met: Record<string, string>; after: string }

  const refused = ['window', 'safepoint', 'invoke', 'snapshot', 'nested', 'outside', 'createLocus']
  for (const what of [...refused, 'wait']) t.is(met[what], 'transaction_open', what)
  t.is(met['oldWindow'], 'access_denied')
  t.is(met['direct'], 'not_supported')
  t.is(met['beyond'], 'out_of_window')
  t.is(met['keptWindow'], 'access_denied')
  t.is(met['endedTx'], 'access_denied')
  t.is(met['promise'], 'program_is_async')
  t.is(met['lock'], 'lock_held')
  t.is(after, 'ok')
})

test('[TX8] what throws is thrown on, and leaves pages, registers and locks as they were', async (t) => {
  const { run } = await open(t)

  const outcome = (await run('refusals')) as { met: object; word: number; registers: number[] }

  t.like(outcome, { met: { thrown: 'as it says' }, word: 0, registers: [7, 0] })
  t.is(await run('again'), 3)
})

test('[TX10] outside of a transaction nothing is stored, and elsewhere there are none', async (t) => {
  const { world, run } = await open(t)
  const other = await world.createContainer({ name: 'plain', program: fixture('transactions') })

  const { met } = (await run('refusals')) as { met: Record<string, string> }
  const elsewhere = await world.startLocus(other, { name: 'x', args: { what: 'wide', pages: 1 } })

  t.is(met['store'], 'access_denied')
  t.is(met['tooLong'], 'bad_argument')
  t.is((await elsewhere.result()).result, 'not_supported')
})

test('[TX6] who is late hears so, at its next fault or at the commit, and holds nobody up', async (t) => {
  const { run } = await open(t)

  const [late] = await Promise.all([run('late', { ms: 300 }), run('next'), run('next')])

  const [atCommit, atFault] = late as [string, string, number]
  t.deepEqual([atCommit, atFault], ['timed_out', 'timed_out'])
  t.deepEqual(await run('look', { pages: 1 }), [2000])
})

test('[TX5] loci that lock the same pages in different orders all come to their ends', async (t) => {
  const { run } = await open(t)
  const rounds = 60

  const orders = [
    [1, 2],
    [2, 3],
    [3, 1],
    [2, 1],
  ]
  const tries = await Promise.all(
    orders.map(([first, second]) => run('cross', { rounds, first, second })),
  )

  t.deepEqual(await run('look', { pages: 4 }), [0, 3 * rounds, 3 * rounds, 2 * rounds])
  t.true(tries.every((again) => (again as number) >= 0))
})

test('[TX14] a map is changed by several loci in transactions, and an aborted change leaves it whole', async (t) => {
  const { run } = await open(t)
  const rounds = 24

  await Promise.all([1, 7, 13].map((seed) => run('words', { rounds, seed })))

  const [size, sum] = (await run('total')) as [number, number]
  t.is(sum, 3 * 3 * ((rounds * 3) / 4))
  t.true(size > 10 && size <= 40)
})

test('[TX15] a transaction reads more pages than there are frames, and writes as many as stay in memory', async (t) => {
  const { run } = await open(t, { frames: 64 })

  const few = await run('wide', { pages: 120, writes: 8 })
  const tooMany = await run('wide', { pages: 0, writes: 120 })

  t.is(few, 'ok')
  t.is(tooMany, 'no_frames')
  const left = (await run('look', { pages: 120 })) as number[]
  t.deepEqual(left.slice(0, 9), [1, 2, 3, 4, 5, 6, 7, 8, 0])
  t.true(left.slice(9).every((word) => word === 0))
})

test('[TX12] loci that wait for their commits share captures', async (t) => {
  const { world, run } = await open(t, { snapshotEveryMs: 0 })
  let captures = 0
  world.on('captured', () => {
    captures++
  })

  await Promise.all(Array.from({ length: 8 }, (_, at) => run('commits', { rounds: 10, at })))

  t.deepEqual(
    await run('look', { pages: 8 }),
    Array.from({ length: 8 }, () => 10),
  )
  t.true(captures >= 10 && captures <= 50, `${captures} captures for 80 commits`)
})

test('[TX7] page tables of transactions are given back with their loci', async (t) => {
  const { world, run } = await open(t)
  const free = async (): Promise<number> =>
    ((await world.status()).report as { tableBytesFree: number }).tableBytesFree
  await run('again')
  await run('again')
  const before = await free()

  for (let i = 0; i < 40; i++) await run('again')

  t.is(await free(), before)
})
