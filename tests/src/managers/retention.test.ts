/** Retained snapshots, opened and forked, over the real manager and disk core in the simulator. */
import { managerNotices } from '@katydid/abi'
import test from 'ava'
import type { WorldShape } from './support/sim-world.js'
import { RetainedWorld, versions } from './support/retained-world.js'
import type { UserContainer } from './support/stand-in-kernel.js'

const shape = {
  frames: 40 + 8 + 1,
  pages: 24,
  stride: 100,
  containers: 1,
  loci: 1,
  options: { retain: 3, snapshotFolds: 4 },
} satisfies WorldShape

/** What was opened or forked; throws when that was refused. */
function there(taken: UserContainer | string): UserContainer {
  if (typeof taken === 'string') throw new Error(taken)
  return taken
}

test('[MG101] the newest snapshots stay as many as were asked for, besides the line’s own, and hold what the container held', (t) => {
  const world = RetainedWorld.begin(1, shape)
  const container = versions(world, 9)

  const listed = world.list(container)

  t.deepEqual(
    listed.map(({ state }) => state),
    ['retained', 'retained', 'retained', 'line'],
  )
  t.deepEqual(
    listed.map(({ stateInterval }) => stateInterval),
    listed.map(({ stateInterval }) => stateInterval).toSorted((a, b) => a - b),
  )
  t.deepEqual(world.lookBack(container), [])
  t.deepEqual(world.differences(), [])
})

test('[MG101] without retention only the line’s own can be opened, and a world that never shared anything counts nothing', (t) => {
  const world = RetainedWorld.begin(2, { ...shape, options: { retain: 0 } })
  const container = versions(world, 6)

  t.deepEqual(
    world.list(container).map(({ state }) => state),
    ['line'],
  )
  t.deepEqual(world.lookBack(container), [])
})

test('[MG101] retained snapshots are there after a kill of the process and of the manager, also those folded since the root page', (t) => {
  const world = RetainedWorld.begin(3, { ...shape, options: { retain: 3, snapshotFolds: 1000 } })
  versions(world, 4)
  world.world.settle()
  versions(world, 3, 4)

  const again = world.killed(4)
  const container = again.containers[0]!
  const listed = again.list(container).length
  const problems = again.lookBack(container)
  again.restartManager()

  t.is(listed, 4)
  t.deepEqual([...problems, ...again.lookBack(container), ...again.differences()], [])
})

test('[MG101] what is asked of one container counts more than what the world says, and holds after a kill', (t) => {
  const world = RetainedWorld.begin(5, shape)
  const container = versions(world, 5)
  const asked = world.retain(container, 1)
  const now = world.list(container).length
  versions(world, 2, 5)

  const again = world.killed(6)
  const kept = again.containers[0]!
  versions(again, 4, 7)

  t.is(asked, 'ok')
  t.is(now, 2)
  t.is(again.list(kept).length, 2)
  t.is(again.retain(kept, 101), 'bad_argument')
  t.is(again.retain(kept, 0), 'ok')
  t.is(again.list(kept).length, 1)
})

test('[MG104] a snapshot that is dropped is offered no more, in whatever order and over a kill; the line’s own is kept', (t) => {
  const world = RetainedWorld.begin(7, shape)
  const container = versions(world, 6)
  const [oldest, middle, , line] = world.list(container)

  const dropped = world.drop(container, middle!.stateInterval)
  const ofLine = world.drop(container, line!.stateInterval)
  const unknown = world.drop(container, 999_999)
  versions(world, 1, 6)
  const again = world.killed(8)
  const kept = again.containers[0]!

  t.deepEqual([dropped, ofLine, unknown], ['ok', 'most_recent_recoverable', 'no_such_interval'])
  const names = again.list(kept).map(({ stateInterval }) => stateInterval)
  t.false(names.includes(middle!.stateInterval))
  t.true(names.includes(oldest!.stateInterval))
  t.deepEqual(again.lookBack(kept), [])
})

test('[MG102] opened snapshots show the old content while the present moves on; a write is refused, and nothing is copied', (t) => {
  const world = RetainedWorld.begin(9, {
    ...shape,
    stride: 1,
    options: { ...shape.options, ownFrames: 16 },
  })
  const container = versions(world, 6)
  const [first, second] = world.list(container)

  const a = there(world.open(container, first!.stateInterval))
  there(world.open(container, second!.stateInterval))

  world.world.runUntilIdle(500)
  const written = world.world.counters.get('pagesWritten')

  t.deepEqual(world.differences(), [])
  t.is(world.world.counters.get('pagesWritten'), written)
  t.is(world.write(a, 3, 77), 'access_denied')
  versions(world, 8, 6)
  t.deepEqual(world.differences(), [])
  t.false(world.list(container).some(({ stateInterval }) => stateInterval === first!.stateInterval))
})

test('[MG102] an opened snapshot that the kernel does not know after a recovery is given up', (t) => {
  const world = RetainedWorld.begin(10, shape)
  const container = versions(world, 6)
  const opened = world.open(container, world.list(container)[0]!.stateInterval)
  world.world.settle()

  const again = world.killed(11)
  versions(again, 8, 6)
  again.world.settle()

  t.not(typeof opened, 'string')
  t.is(again.containers.length, 1)
  t.deepEqual(again.lookBack(again.containers[0]!), [])
})

test('[MG103] a fork begins as its snapshot and goes its own way, and so does its source', (t) => {
  const world = RetainedWorld.begin(12, shape)
  const container = versions(world, 5)
  const fork = there(world.fork(container, world.list(container)[1]!.stateInterval))

  const asForked = world.differences()
  for (let page = 0; page < 12; page++) world.write(fork, page, 5000 + page)
  versions(world, 6, 5)

  t.deepEqual(asForked, [])
  t.deepEqual(world.differences(), [])
  t.deepEqual([...world.lookBack(container), ...world.lookBack(fork)], [])
  t.is(world.list(fork).length, 4)
})

test('[MG103] a fork that is under way when managers are told what there is comes to be, whenever that is', (t) => {
  let under = 0
  for (let steps = 0; steps < 60; steps += 2) {
    const world = RetainedWorld.begin(14, shape)
    const container = versions(world, 5)
    const { kernel, sim } = world.world
    world.beginFork(container, world.list(container)[1]!.stateInterval)
    for (let step = 0; step < steps; step++) sim.step()
    const tokens = kernel.containers.flatMap(({ token }) => (Number(token) === 0 ? [] : [token]))
    if (tokens.length < kernel.containers.length) under++
    world.call(managerNotices.containersLive, { tokens })
    world.world.runUntilIdle(500)

    t.is(kernel.containers.length, 2, `told after ${steps} steps`)
    t.is(world.world.read(1, 3).status, 'ok', `told after ${steps} steps`)
  }
  t.true(under > 3, `${under}`)
})

test('[MG103] a fork that was captured survives every kill, and the end of its source', (t) => {
  const world = RetainedWorld.begin(13, shape)
  const container = versions(world, 5)
  const fork = there(world.fork(container, world.list(container)[0]!.stateInterval))
  world.capture()

  const again = world.killed(14)
  const [source, forked] = again.containers
  const problems = again.differences()
  again.destroy(source!)
  again.world.runUntilIdle(2000)
  again.capture()
  again.world.settle()
  const last = again.killed(15)

  t.deepEqual(problems, [])
  t.is(forked?.token, fork.token)
  t.deepEqual([...again.differences(), ...last.differences()], [])
  t.is(last.containers.length, 1)
})

test('[MG103] a fork that no capture holds is the empty container after a crash, and its pages are nobody’s', (t) => {
  const world = RetainedWorld.begin(16, { ...shape, options: { retain: 3, snapshotFolds: 1000 } })
  const container = versions(world, 5)
  const fork = world.fork(container, world.list(container)[0]!.stateInterval)

  const again = world.killed(17)
  again.world.runUntilIdle(1000)
  versions(again, 5, 5)

  t.not(typeof fork, 'string')
  t.is(again.containers.length, 1)
  t.deepEqual([...again.differences(), ...again.lookBack(again.containers[0]!)], [])
})

test('[MG101] when all that was retained, opened and forked is gone, the disk has as much room as before', (t) => {
  const small = { ...shape, segments: 96, segmentBlocks: 32 }
  const world = RetainedWorld.begin(18, small)
  const container = versions(world, 12)
  const listed = world.list(container)
  const fork = there(world.fork(container, listed[0]!.stateInterval))
  const opened = there(world.open(container, listed[1]!.stateInterval))
  for (let page = 0; page < 24; page++) world.write(fork, page, 9000 + page)
  versions(world, 40, 12)

  world.destroy(opened)
  world.destroy(fork)
  world.retain(container, 0)
  for (let i = 0; i < 6; i++) {
    world.world.runUntilIdle(1000)
    versions(world, 1, 60 + i)
    world.world.settle()
  }

  t.deepEqual(world.differences(), [])
  t.true(world.world.freeSegments > 70, `${world.world.freeSegments} of 96 segments are free`)
})

test('[MG105] when more than a third of the disk is needed, retained snapshots give way, the oldest first; forks do not', (t) => {
  const small = { ...shape, pages: 60, stride: 1, segments: 60, segmentBlocks: 32 }
  const world = RetainedWorld.begin(21, { ...small, options: { retain: 40, snapshotFolds: 4 } })
  const container = world.containers[0]!
  const write = (version: number): void => {
    for (let page = 0; page < 60; page++) world.write(container, page, version * 1000 + page)
    world.capture()
    world.world.runUntilIdle(300)
  }
  for (let version = 1; version < 4; version++) write(version)
  const oldest = world.list(container)[0]!.stateInterval
  const fork = world.fork(container, oldest)
  for (let version = 4; version < 40; version++) write(version)

  const listed = world.list(container)

  t.not(typeof fork, 'string')
  t.true(world.world.reports.some((each) => each.includes('retained no longer')))
  t.true(listed.length >= 2 && listed.length < 12, `${listed.length}`)
  t.is(listed.at(-1)!.state, 'line')
  t.false(listed.some(({ stateInterval }) => stateInterval === oldest))
  t.true(world.world.counters.get('pagesWritten') > 60 * 32)
  t.deepEqual([...world.differences(), ...world.lookBack(container)], [])
})

test('[MG105] a manager whose own container is full of maps gives up what it retains before it stops', (t) => {
  const world = RetainedWorld.begin(22, {
    ...shape,
    pages: 200,
    stride: 512,
    options: { retain: 90, snapshotFolds: 4 },
  })
  const container = world.containers[0]!
  for (let version = 0; version < 30; version++) {
    for (let i = 0; i < 30; i++) world.write(container, (version * 7 + i) % 200, version * 100 + i)
    world.capture()
    world.world.runUntilIdle(200)
  }

  t.true(world.world.reports.some((each) => each.includes('retained no longer')))
  t.deepEqual(world.differences(), [])
  t.is(world.world.kernel.line, 30)
})

/** Pages that stay as they are, scattered among such as are written again and again, with snapshots and a fork that share them. */
function scattered(): RetainedWorld {
  const small = { ...shape, pages: 90, stride: 6, segments: 100, segmentBlocks: 32 }
  const world = RetainedWorld.begin(23, { ...small, options: { retain: 2, snapshotFolds: 2 } })
  const container = world.containers[0]!
  const write = (round: number): void => {
    for (let hot = 0; hot < 20; hot++) world.write(container, hot, round * 100 + hot + 1)
    world.write(container, 20 + (round % 70), round + 7)
    world.capture()
    world.world.runUntilIdle(300)
  }
  for (let round = 0; round < 4; round++) write(round)
  there(world.fork(container, world.list(container)[1]!.stateInterval))
  for (let round = 4; world.world.freeSegments > 27; round++) write(round)
  return world
}

const full = scattered()

for (const mishap of ['process', 'manager'] as const)
  test(`[MG100] blocks that several maps name are moved in all of them, and a crash at any step of that changes nothing: the ${mishap}`, (t) => {
    const problems: string[] = []
    const moved: number[] = []

    for (let steps = 0; steps < 320; steps += 32) {
      const world = full.killed(24)
      const container = world.containers[0]!
      for (let round = 0; round < 8 && world.world.counters.get('pagesMoved') === 0; round++) {
        for (let page = 0; page < 20; page++) world.write(container, page, 70_000 + page + round)
        world.capture()
        world.world.sim.runUntil(
          () => world.world.counters.get('pagesMoved') > 0,
          world.world.sim.clock.nowMs() + 500,
        )
      }
      world.step(steps)
      moved.push(world.world.counters.get('pagesMoved'))
      if (mishap === 'manager') world.restartManager()
      const again = mishap === 'process' ? world.killed(steps + 25) : world
      problems.push(...again.differences().map((each) => `after ${steps} steps: ${each}`))
      for (const each of again.containers)
        problems.push(...again.lookBack(each).map((other) => `after ${steps} steps: ${other}`))
    }

    t.deepEqual(problems, [])
    t.true(new Set(moved).size > 2 && Math.min(...moved) > 0, moved.join(' '))
  })

test('[MG106] while what it is asked about the past waits for something else, the manager rests between its looks', (t) => {
  const world = RetainedWorld.begin(1, {
    ...shape,
    frames: 40 + 6 + 1,
    stride: 6000,
    containers: 3,
    options: { retain: 3, snapshotFolds: 1000, ownFrames: 8 },
  })
  for (const container of world.containers) {
    for (let page = 0; page < 20; page++) world.write(container, page, page + 1)
    world.capture()
  }
  // From here on its maps cannot be read, so the newest snapshots are never folded.
  world.world.readsFail = true
  const container = world.containers[0]!
  for (const each of world.containers)
    for (let page = 0; page < 24; page++) world.write(each, page, 7000 + page)
  world.capture()
  const { sim } = world.world
  const before = sim.clock.nowMs()
  const step = sim.step.bind(sim)
  let steps = 0
  sim.step = (untilMs) => {
    steps++
    return step(untilMs)
  }

  t.throws(() => world.list(container))

  const waited = sim.clock.nowMs() - before
  t.true(waited > 1000 && steps < waited, `${steps} steps in ${waited} ms`)
})
