/** SI: nested invocations that never rest by themselves, on threads: the line keeps moving, drains are short, and who holds it is named. */
import { setEnvironmentData } from 'node:worker_threads'
import test, { type ExecutionContext } from 'ava'
import type { Container, EventOf, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { until } from '../support/until.js'
import { fixture, openForTest } from '../support/worlds.js'

const program = fixture('nested-traffic')

interface Report {
  readonly epoch: number
  readonly line: number
  readonly lagging: object | null
  readonly drains: { readonly count: number; readonly maxMs: number; readonly givenUp: number }
}

/** Three loci, each in a container of its own, that go through six shops, from each on into the next. */
async function traffic(
  t: ExecutionContext,
  endless = -1,
): Promise<{ world: World; words: Int32Array }> {
  const words = new Int32Array(new SharedArrayBuffer(64))
  setEnvironmentData('traffic', words.buffer)
  const world = await openForTest(t, { dir: temporaryFolder(t), snapshotEveryMs: 100 })
  const named = (name: string): Promise<Container> =>
    world.createContainer({ name, program, size: 65_536 })
  const shops: Container[] = []
  for (let nth = 0; nth < 6; nth++) shops.push(await named(`shop ${nth}`))
  const onward: number[] = []
  for (const [nth, shop] of shops.entries())
    onward.push(await world.grant(shop, shops[(nth + 1) % shops.length]!))
  for (const own of walkers) {
    const home = await named(`home ${own}`)
    const way = []
    for (const [nth, shop] of shops.entries())
      way.push({ cap: await world.grant(home, shop), onward: onward[nth] })
    // Each begins elsewhere.
    const args = {
      shops: [...way.slice(2 * own), ...way.slice(0, 2 * own)],
      own,
      isEndless: own === endless,
    }
    await world.startLocus(home, { name: `walker ${own}`, args })
  }
  return { world, words }
}

const walkers = [0, 1, 2]

const reportOf = async (world: World): Promise<Report> => (await world.status()).report as Report

test.serial(
  '[SI84] loci that are always in one another’s containers go on, the line is never more than two epochs behind, and drains are short',
  async (t) => {
    t.timeout(240_000)
    const { world, words } = await traffic(t)
    let isLagTold = false
    world.on('line_lagging', () => (isLagTold = true))
    const lags: number[] = []
    await until('all walk, the line moves, and drains bring it on', async () => {
      const { epoch, line, lagging, drains } = await reportOf(world)
      lags.push(lagging === null ? epoch - line : 0)
      const walked = walkers.map((own) => words[4 + own]!)
      return lags.length >= 60 && line > 5 && drains.count > 0 && Math.min(...walked) > 5
    })
    const { epoch, drains } = await reportOf(world)
    Atomics.store(words, 0, 1)

    t.true(Math.max(...lags) <= 2, lags.join())
    // On a machine that stands still meanwhile one may be given up. Then the line is said to lag.
    t.true(drains.givenUp === 0 || isLagTold)
    t.true(drains.maxMs < 2_000 || drains.givenUp > 0, `${drains.maxMs}`)
    t.log(`${drains.count} drains in ${epoch} epochs, ${Math.round(drains.maxMs)} ms at the most`)
  },
)

test.serial(
  '[SI85] a locus that invokes on and on without a safepoint is named, the others work on, and the line catches up when it comes to one',
  async (t) => {
    const { world, words } = await traffic(t, 1)
    const told: EventOf<'line_lagging'>[] = []
    world.on('line_lagging', (event) => told.push(event))

    t.timeout(240_000)
    await until('the line is said to lag', () => told.length > 0)
    const during = await reportOf(world)
    const before = words.slice(4, 7)
    await until('all go on', () => walkers.every((own) => words[4 + own]! > before[own]!))
    Atomics.store(words, 1, 1)
    await until('the line has caught up', () => told.at(-1)?.isOver === true)
    const since = await reportOf(world)
    Atomics.store(words, 0, 1)

    const names = new Set(told.flatMap(({ holders }) => holders.flatMap(({ loci }) => loci)))
    t.true(names.has('walker 1'), [...names].join())
    t.true(told[0]!.holders.every(({ because }) => because === 'no_rest'))
    t.not(during.lagging, null)
    t.true(told.at(-1)!.isOver)
    t.is(since.lagging, null)
  },
)
