/** A container that no capture gets, on a small disk: what is live decides whether the disk is full, not how long that lasts. */
import { neededAfter } from '@katydid/kernel/state-interval/line.js'
import test, { type ExecutionContext } from 'ava'
import { CampaignHost } from '../campaign/host.js'
import { readAll } from '../campaign/random-program.js'
import { smallDisk } from '../campaign/small-disk.js'
import { WholeWorld, type SimProgram, type WholeShape } from '../campaign/whole-world.js'

/** 4 MiB of disk: 1,024 blocks, in small segments. */
const shape = smallDisk({
  frames: 64,
  disk: { segmentBlocks: 16, capacity: 63 },
  snapshotEveryMs: 500,
})
const pages = 120
const rewrites = 60

/** Writes all of the container over and over, four pages of five more often than the fifth, and comes to a safepoint at the end only. */
const restless: SimProgram = function* (locus) {
  for (let step = 0; step < pages * rewrites; step++) {
    const page = (step * 37) % pages
    if (page % 5 === 0 && Math.floor(step / pages) % 12 !== 0) continue
    yield* locus.load(page * 4096)
    yield* locus.store(page * 4096, step + 1)
  }
  return Uint8Array.of(1)
}
/** Writes few pages, and comes to rest after each. */
const calm: SimProgram = function* (locus) {
  for (let step = 0; step < 400; step++) {
    yield* locus.load((step % 7) * 4096)
    yield* locus.store((step % 7) * 4096, step + 1)
    yield* locus.safepoint()
  }
  return Uint8Array.of(1)
}
const programs = new Map([
  ['restless', restless],
  ['calm', calm],
  ['read', readAll],
])

async function begin(of: WholeShape): Promise<WholeWorld> {
  const world = new WholeWorld(11, of, programs)
  await world.open()
  const host = new CampaignHost(world)
  for (const [name, entry, size] of [
    ['a', 'calm', 10],
    ['b', 'restless', pages],
  ] as const) {
    await host.create(name, size)
    await host.adopt(name)
    await host.setProgram(name, entry)
  }
  await host.snapshot(true)
  await host.start('l0', 'a')
  await host.start('l1', 'b')
  return world
}

const hasEnded = (world: WholeWorld): boolean =>
  ['l0', 'l1'].every((name) => world.model.loci.get(name)?.end === 'ok')

async function lives(t: ExecutionContext, of: WholeShape, withinMs: number): Promise<WholeWorld> {
  const world = await begin(of)
  const ended = world.until(() => hasEnded(world) || world.problems.length > 0, withinMs)
  t.deepEqual(world.problems, [])
  t.true(ended)
  return world
}

test('[MG141][DK42] a container that never comes to rest is written over several times the disk, and the log moves on without a capture of it', async (t) => {
  const world = await lives(t, shape, 600_000)
  const { machine } = world.kernel
  const { lastPosition } = world.disk.core.status()

  // Of all that was written since its only point was captured, hardly anything is held.
  t.true(lastPosition > 700, `${lastPosition} groups`)
  t.true(lastPosition - neededAfter(machine) < 400, `${lastPosition - neededAfter(machine)} groups`)
  await new CampaignHost(world).readBack()
  t.deepEqual(world.problems, [])
})

test('[MG141][MG142] captured at last, it comes back whole after the power fails: from lists, and from blocks that were moved', async (t) => {
  const world = await lives(t, shape, 600_000)
  await new CampaignHost(world).snapshot(true)
  const again = new WholeWorld(12, shape, programs, world.remains())
  const { status, detail } = await again.open()

  t.is(status, 'ok', detail)
  await new CampaignHost(again).readBack()
  t.deepEqual([...world.problems, ...again.problems], [])
})

test('[MG143] where each message, and so each write, takes fifty times as long, no page is refused', async (t) => {
  const slow: WholeShape = { ...shape, delayMs: (random) => 15 + random.below(20) }
  const world = await lives(t, slow, 3_600_000)
  await new CampaignHost(world).readBack()

  t.deepEqual(world.problems, [])
})
