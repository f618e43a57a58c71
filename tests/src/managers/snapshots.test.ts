import test from 'ava'
import { asInterval, asToken } from '@katydid/abi'
import { ManagedContainer } from '@katydid/managers/self-managing/managed-container.js'
import { SimWorld } from './support/sim-world.js'

const shape = { frames: 40 + 8 + 1, pages: 64, containers: 1, loci: 2 }
const pages = (count: number): number[] => Array.from({ length: count }, (_, page) => page)

/** The world that comes back from the disk of a killed one. */
function killed(world: SimWorld, seed = 99): { world: SimWorld; line: number } {
  const next = new SimWorld(seed, world.shape, Uint8Array.from(world.file.image), world.captured)
  return { world: next, line: next.reopen() }
}

test('[MG7] a snapshot keeps what its pages held, though they are written again at once', (t) => {
  // One slow write of four pages at a time: most of the snapshot is neither written nor being written.
  const options = { batchPages: 4, writesInFlight: 1 }
  const world = new SimWorld(1, { ...shape, delayMs: 5, options })
  world.begin()
  for (const page of pages(30)) world.write(0, page, 1000 + page)
  const capture = world.capture()
  for (const page of pages(30)) world.write(0, page, 2000 + page)
  world.sim.runUntil(() => world.kernel.line === capture, 10_000)

  const copies = world.counters.get('copies')
  const again = killed(world)

  t.true(copies > 0)
  t.is(again.line, capture!)
  t.deepEqual(again.world.differences(), [])
  t.is(again.world.read(0, 7).value, 1007)
})

test('[MG6] a frame that a copy replaced is used anew only when every locus has acknowledged', (t) => {
  const world = new SimWorld(8, { ...shape, delayMs: 5 })
  world.begin()
  for (const page of pages(10)) world.write(0, page, page + 1)
  const idle = world.idleLocus(0)
  world.capture()
  for (const page of pages(10)) world.write(0, page, page + 2)
  world.runUntilIdle(2000)

  const reader = world.reader(0, pages(64).slice(10, 45))
  world.runUntilIdle(2000)
  const beforeIt = reader.done
  idle.acknowledge()
  world.runUntilIdle(2000)

  t.is(world.counters.get('copies'), 10)
  t.is(beforeIt, 20)
  t.true(reader.done >= 30)
})

test('[MG7] container_snapshot names what is open, whatever its size, and copies nothing', (t) => {
  const container = new ManagedContainer(asToken(2))
  const { open } = container
  for (const page of pages(1000)) open.dirty.add(page)

  const version = container.snapshot(asInterval(7))

  t.is(version, open)
  t.is(version.interval as number, 7)
  t.is(container.open.dirty.size, 0)
})

test('[MG8] what no complete commit names is gone after a crash', (t) => {
  const world = new SimWorld(3, { ...shape, frames: 16 + 8 + 1 })
  world.begin()
  for (const page of pages(64)) world.write(0, page, 5000 + page)
  const capture = world.capture()
  world.sim.runUntil(() => world.kernel.line === capture, 10_000)
  for (const page of pages(64)) world.write(0, page, 9000 + page)
  world.runUntilIdle(100)

  const again = killed(world)

  t.true(world.counters.get('discardsDirty') > 64)
  t.is(again.line, capture!)
  t.deepEqual(again.world.differences(), [])
})

test('[MG10] cont_rollback twice is cont_rollback once', (t) => {
  const world = new SimWorld(4, shape)
  world.begin()
  for (const page of pages(20)) world.write(0, page, page + 1)
  const capture = world.capture()
  world.sim.runUntil(() => world.kernel.line === capture, 10_000)
  for (const page of pages(20)) world.write(0, page, 777)

  const first = world.rollBack()
  const differences = world.differences()
  const second = world.rollBack()

  t.deepEqual([first, second], [capture!, capture!])
  t.deepEqual(differences, [])
  t.deepEqual(world.differences(), [])
  t.deepEqual(world.kernel.complaints, [])
})

test('[MG11] own faults are served from fewer frames than the maps have pages', (t) => {
  // 16 map pages a container, and 8 frames for them, the self map, the usage table and the page above the leaves.
  const world = new SimWorld(5, {
    ...shape,
    pages: 96,
    stride: 40,
    containers: 3,
    options: { ownFrames: 8, snapshotFolds: 1 },
  })
  world.begin()
  for (let round = 1; round <= 3; round++) {
    for (let container = 0; container < 3; container++)
      for (const page of pages(96)) world.write(container, page, round * 1000 + page)
    world.capture()
    world.runUntilIdle(2000)
  }

  const again = killed(world)

  t.deepEqual(again.world.differences(), [])
  t.true(world.counters.get('ownWrites') > 0)
  t.true(again.world.counters.get('ownFaults') > 24)
  t.is(again.world.counters.get('ownFramesMax'), 8)
  t.true(again.world.counters.get('ownPagesMax') > 24)
})

test('[MG13] after its own snapshot a start reads only the log behind it', (t) => {
  const world = new SimWorld(6, shape)
  world.begin()
  for (let round = 0; round < 8; round++) {
    for (const page of pages(40)) world.write(0, page, round * 100 + page)
    world.capture()
    world.runUntilIdle(1000)
  }
  const long = killed(world)
  world.settle()
  const short = killed(world)

  t.deepEqual(long.world.differences(), [])
  t.deepEqual(short.world.differences(), [])
  t.true(
    short.world.scanned < long.world.scanned,
    `${short.world.scanned} of ${long.world.scanned}`,
  )
})

test('[MG15] a disk much smaller than all that is written does not fill', (t) => {
  const segments = 48
  const world = new SimWorld(7, {
    ...shape,
    frames: 16 + 8 + 1,
    segments,
    segmentBlocks: 32,
    options: { snapshotFolds: 4 },
  })
  world.begin()

  for (let round = 0; round < 60; round++) {
    for (const page of pages(64)) world.write(0, page, round * 100 + page)
    world.capture()
    world.runUntilIdle(500)
  }

  t.deepEqual(world.reports, [])
  t.true(world.counters.get('pagesWritten') > 2 * segments * 32)
  t.deepEqual(world.differences(), [])
  t.deepEqual(killed(world).world.differences(), [])
})

test('[MG15] after a restart, segments that the dead manager no longer needed are freed', (t) => {
  const world = new SimWorld(9, { ...shape, segments: 64, segmentBlocks: 32 })
  world.begin()
  for (let round = 0; round < 10; round++) {
    for (const page of pages(64)) world.write(0, page, round * 100 + page)
    world.capture()
    world.runUntilIdle(500)
  }

  const again = killed(world).world
  const before = again.freeSegments
  again.write(0, 0, 1)
  again.settle()

  t.true(again.freeSegments > Math.max(before, 55), `${again.freeSegments} after ${before}`)
  t.deepEqual(again.differences(), [])
})

test('[MG110] what is back at a snapshot newer than the line can go back further, after a restart of the manager too', (t) => {
  for (const restarts of [false, true]) {
    const world = new SimWorld(5, { ...shape, delayMs: 1 })
    world.begin()
    for (const page of pages(20)) world.write(0, page, 1000 + page)
    const line = world.capture()!
    world.sim.runUntil(() => world.kernel.line === line, 10_000)
    world.kernel.announces = false
    for (const page of pages(20)) world.write(0, page, 2000 + page)
    const newer = world.capture()!
    world.runUntilIdle(2000)
    for (const page of pages(20)) world.write(0, page, 3000 + page)

    world.goBack(newer)
    world.runUntilIdle(2000)
    const there = world.differences()
    const value = world.read(0, 7).value
    world.write(0, 3, 4000)
    world.goBack(line, restarts)
    world.runUntilIdle(2000)

    t.deepEqual([there, value], [[], 2007])
    t.deepEqual([world.differences(), world.read(0, 7).value], [[], 1007])
    t.deepEqual(world.kernel.complaints, [])
  }
})
