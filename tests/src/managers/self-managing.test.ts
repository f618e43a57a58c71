import test from 'ava'
import { SimWorld } from './support/sim-world.js'

/** 16 frames for users' pages, 8 for the manager's own, one for its root page. */
const small = { frames: 16 + 8 + 1, pages: 64, containers: 1, loci: 2 }
const pages = (count: number): number[] => Array.from({ length: count }, (_, page) => page)

test('[MG1] a token names one container for good, also after a restart', (t) => {
  const first = new SimWorld(1, { ...small, containers: 3 })
  first.begin()
  for (const container of [0, 1, 2]) first.write(container, 0, 7)
  first.capture()
  first.runUntilIdle(1000)

  const second = new SimWorld(2, small, first.file.image, first.captured)
  second.reopen()
  const before = second.kernel.containers.map(({ token }) => token)
  second.adoptAll()
  const after = second.kernel.containers.at(-1)!.token

  t.is(new Set(before).size, 3)
  t.false(before.includes(after))
})

test('[MG3] a manager that takes a container on has said so to the kernel, and what it promises', (t) => {
  const world = new SimWorld(3, small)

  world.begin()

  t.true(world.kernel.containers[0]!.token > 0)
  t.deepEqual(world.kernel.promises, ['snapshotting'])
})

for (const seed of [1, 2, 3])
  test(`[MG4] a page reads what was last written to it, in four times fewer frames; seed ${seed}`, (t) => {
    const world = new SimWorld(seed, small)
    world.begin()

    for (let i = 0; i < 2; i++) world.locus(world.sim.random.fork(), 400, 64)
    world.sim.runUntil(() => world.lociRunning === 0, 60_000)

    t.deepEqual(world.differences(), [])
    t.true(world.counters.get('discardsDirty') > 0)
    t.true(world.counters.get('reReads') > 0)
  })

test('[MG5] pages that were only read are never written', (t) => {
  const world = new SimWorld(5, small)
  world.begin()

  for (const page of pages(64)) world.read(0, page)

  t.true(world.counters.get('discardsClean') > 30)
  t.is(world.counters.get('discardsDirty'), 0)
})

test('[MG5] a page touched since the hand last passed stays', (t) => {
  const world = new SimWorld(6, small)
  world.begin()
  for (const page of pages(64)) world.write(0, page, page + 1)
  world.runUntilIdle(1000)
  const before = world.counters.get('reads')

  const cold = [...pages(64), ...pages(64)].filter((page) => page !== 5)
  for (const page of cold) {
    world.read(0, 5)
    world.read(0, page)
  }

  const reads = world.counters.get('reads') - before
  t.true(reads <= cold.length + 3, `${reads} reads for ${cold.length} cold pages`)
})

test('[MG6] while an acknowledgement is awaited, faults are served from the reserve and no frame is used anew', (t) => {
  const world = new SimWorld(7, small)
  world.begin()
  const idle = world.idleLocus(0)
  const reader = world.reader(0, pages(40))

  world.runUntilIdle(2000)
  const beforeIt = reader.done
  idle.acknowledge()
  world.runUntilIdle(200)
  const afterIt = reader.done

  t.is(beforeIt, 16)
  t.true(afterIt > beforeIt)
})

test('[MG6] a fault on a page that is being evicted makes it stay', (t) => {
  const world = new SimWorld(8, small)
  world.begin()
  for (const page of pages(15)) world.write(0, page, page + 100)
  world.idleLocus(0)
  world.reader(0, [20, 21, 22])
  world.runUntilIdle(100)
  const reads = world.counters.get('reads')

  for (const page of pages(15)) t.is(world.read(0, page).value, page + 100)

  t.true(world.counters.get('rescues') > 0)
  t.is(world.counters.get('reads'), reads)
})

test('[MG14] page_discard: the manager gives back as many frames as asked, and chooses them', (t) => {
  const world = new SimWorld(9, small)
  world.begin()
  for (const page of pages(40)) world.write(0, page, page + 1)
  const before = world.kernel.freeFrames

  world.kernel.askBack(5)
  world.runUntilIdle(500)

  t.is(world.kernel.freeFrames, before + 5)
  t.deepEqual(world.differences(), [])
})

test('[MG17] a destroyed container gives back its frames, and its blocks in time', (t) => {
  const world = new SimWorld(10, { ...small, containers: 2, segments: 64, segmentBlocks: 32 })
  world.begin()
  for (let round = 0; round < 6; round++) {
    for (const page of pages(64)) world.write(1, page, round * 64 + page)
    world.capture()
    world.runUntilIdle(500)
  }
  world.settle()
  const before = world.freeSegments

  world.kernel.destroy(1)
  world.runUntilIdle(1000)
  world.settle()

  t.deepEqual(world.kernel.complaints, [])
  t.true(world.freeSegments > before)
  t.is(world.write(0, 3, 33), 'ok')
})
