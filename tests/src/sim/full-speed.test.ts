/** Loci that write as fast as they can, on a disk that an interval of theirs would fill several times. */
import test from 'ava'
import { CampaignHost } from '../campaign/host.js'
import { readAll } from '../campaign/random-program.js'
import { smallDisk } from '../campaign/small-disk.js'
import { WholeWorld, type SimProgram, type WholeShape } from '../campaign/whole-world.js'

/** 8 MiB of disk, and less than half of it in use: 800 pages. */
const shape = smallDisk({
  frames: 160,
  disk: { segmentBlocks: 32, capacity: 63 },
  snapshotEveryMs: 5_000,
})
const pages = 400
const rewrites = 10
const first = new Map([
  ['l0', 0],
  ['l1', pages],
])

/** Writes its pages over and over, and comes to a safepoint after every so many. */
const writer = (safepoints: number): SimProgram =>
  function* (locus) {
    const from = first.get(locus.name)!
    while (locus.model.registers[0]! < BigInt(pages * rewrites)) {
      const step = Number(locus.model.registers[0]!)
      const page = from + ((step * 37) % pages)
      yield* locus.load(page * 4096)
      yield* locus.store(page * 4096, step + 1)
      locus.setRegister(0, BigInt(step + 1))
      if (step % safepoints === 0) yield* locus.safepoint()
    }
    return Uint8Array.of(1)
  }
const programs = new Map([
  ['fast', writer(8)],
  ['read', readAll],
])
/** Seldom at a safepoint: held a second a page it would never come there while a capture waits for it. */
const slow = new Map([...programs, ['fast', writer(64)]])

async function begin(seed: number, of: WholeShape = shape, run = programs): Promise<WholeWorld> {
  const world = new WholeWorld(seed, of, run)
  await world.open()
  const host = new CampaignHost(world)
  await host.create('a', 2 * pages)
  await host.adopt('a')
  await host.setProgram('a', 'fast')
  for (const name of first.keys()) await host.start(name, 'a')
  return world
}

const hasEnded = (world: WholeWorld): boolean =>
  [...first.keys()].every((name) => world.model.loci.get(name)?.end === 'ok')

test('[MG80] a simulated world whose live pages fit runs to its end however fast it writes', async (t) => {
  const world = await begin(7)
  const ended = world.until(() => hasEnded(world) || world.problems.length > 0, 600_000)
  await new CampaignHost(world).readBack()

  t.true(ended)
  t.deepEqual(world.problems, [])
  t.true(world.disk.core.status().lastPosition > 100)
  const { counters } = world.kernel.machine
  t.true(counters.get('snapshots') > 5, `${counters.get('snapshots')} snapshots`)
})

test('[MG140] loci that write much between safepoints are hardly held while they are to come to rest: captures come, and room with them', async (t) => {
  const world = await begin(7, shape, slow)
  const ended = world.until(() => hasEnded(world) || world.problems.length > 0, 600_000)
  await new CampaignHost(world).readBack()

  t.true(ended)
  t.deepEqual(world.problems, [])
  t.deepEqual(world.of('line_lagging'), [])
  t.true(world.kernel.machine.counters.get('snapshots') > 3)
})

test('[MG80] it is killed again and again with hardly any room left, and opens each time', async (t) => {
  let world = await begin(8)
  const problems: string[] = []
  for (let life = 0; life < 12 && !hasEnded(world); life++) {
    world.until(() => hasEnded(world), 400 + life * 90)
    problems.push(...world.problems)
    world = new WholeWorld(20 + life, shape, programs, world.remains())
    const { status, detail } = await world.open()
    if (status !== 'ok') problems.push(`life ${life}: ${status}, ${detail}`)
  }
  const ended = world.until(() => hasEnded(world) || world.problems.length > 0, 600_000)
  await new CampaignHost(world).readBack()

  t.true(ended)
  t.deepEqual([...problems, ...world.problems], [])
})

test('[SI71] on a disk that has no room for the past it keeps lines for as long as it can, gives them up, and runs to its end', async (t) => {
  const kept: WholeShape = { ...shape, keepLines: 3 }
  let world = await begin(9, kept)
  const problems: string[] = []
  const given: string[] = []
  for (let life = 0; life < 5 && !hasEnded(world); life++) {
    world.until(() => hasEnded(world) || world.problems.length > 0, 500 + life * 150)
    problems.push(...world.problems)
    given.push(...world.of('log').map(({ text }) => text))
    world = new WholeWorld(40 + life, kept, programs, world.remains())
    const { status, detail, damage } = await world.open()
    if (status !== 'ok' || damage !== null) problems.push(`life ${life}: ${detail} ${damage}`)
  }
  const ended = world.until(() => hasEnded(world) || world.problems.length > 0, 600_000)
  await new CampaignHost(world).readBack()
  given.push(...world.of('log').map(({ text }) => text))

  t.true(ended)
  t.deepEqual([...problems, ...world.problems], [])
  t.true(
    given.some((text) => /^kept line \d+ is given up: /.test(text)),
    given.join('\n'),
  )
})
