/** MG: volatile memory with swap. The manager, the disk and the page tables are real; the kernel is a stand-in. */
import { actorPorts, asInterval, diskCalls, managerUpcalls, type ManagerBoot } from '@katydid/abi'
import { Random, run, ask } from '@katydid/actor'
import { giveToken, noteToken, tokensFor } from '@katydid/managers/paging/tokens.js'
import { SwapSpace } from '@katydid/managers/paging/swap-space.js'
import { policyNames } from '@katydid/managers/policies/by-name.js'
import test from 'ava'
import { managerPort } from './support/stand-in-kernel.js'
import { SimWorld } from './support/sim-world.js'
import { demandZero } from './support/volatile-world.js'

const shape = { frames: 24, pages: 96, containers: 2, loci: 3 }

function open(seed: number, options: Parameters<typeof demandZero>[0] = {}): SimWorld {
  const world = new SimWorld(seed, { ...shape, manager: demandZero(options) })
  world.begin()
  return world
}

/** What the kernel does with each line: it needs nothing of the log before now. */
function letGoOfLog(world: SimWorld): void {
  const { messenger } = world.kernel
  run(
    messenger,
    (function* () {
      const synced = yield* ask(messenger, actorPorts.disk, diskCalls.diskSync, {})
      if (synced.status !== 'ok') throw new Error(synced.detail)
      const from = synced.position
      yield* ask(messenger, actorPorts.disk, diskCalls.diskTrim, { from })
      yield* ask(messenger, actorPorts.disk, diskCalls.diskSync, {})
    })(),
  )
  world.runUntilIdle(50)
}

/** Random loci to their end; what they read is checked as they go. */
function live(world: SimWorld, random: Random, operations: number): void {
  for (let i = 0; i < shape.loci; i++) world.locus(random.fork(), operations, shape.pages)
  world.sim.runUntil(() => world.lociRunning === 0, world.sim.clock.nowMs() + 600_000)
}

for (const policy of policyNames)
  test(`[MG36] every page reads what was last written to it, through four times the frames: ${policy}`, (t) => {
    const world = open(1, { policy })

    live(world, new Random(7), 250)

    t.is(world.lociRunning, 0)
    t.deepEqual(world.differences(), [])
    t.true(world.counters.get('discardsDirty') > 0)
    t.true(world.counters.get('reReads') > 0)
  })

for (const mishap of ['manager', 'locus'] as const)
  test(`[MG36] its containers are empty after a recovery, and go on to be used: ${mishap}`, (t) => {
    const world = open(2)
    const random = new Random(11)
    const found: string[] = []

    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < shape.loci; i++) world.locus(random.fork(), 200, shape.pages)
      const steps = random.below(3_000)
      for (let step = 0; step < steps && world.sim.step(world.sim.clock.nowMs() + 5); step++) {
        // Each step is the whole work.
      }
      if (random.chance(0.5)) world.kernel.askBack(2)
      if (mishap === 'manager') world.restartManager()
      else world.rollBack()
      found.push(...world.differences())
      live(world, random, 100)
      found.push(...world.differences())
    }

    t.deepEqual(found, [])
    t.deepEqual(world.kernel.complaints, [])
  })

test('[MG36] after a kill of the process nothing of the swap is taken for content', (t) => {
  const world = open(3)
  live(world, new Random(5), 300)

  const next = new SimWorld(
    4,
    { ...shape, manager: demandZero() },
    Uint8Array.from(world.file.image),
  )
  next.reopen()
  next.adoptAll()

  t.deepEqual(next.differences(), [])
})

test('[MG36] a page that cannot be read back is a status to whoever touches it, never content', (t) => {
  const world = open(5)
  for (let page = 0; page < shape.pages; page++) world.write(0, page, page + 1)
  world.readsFail = true

  const statuses = new Set<string>()
  for (let page = 0; page < 20; page++) statuses.add(world.read(0, page).status)
  world.readsFail = false

  t.true(statuses.has('io_error'))
  t.deepEqual(world.differences(), [])
})

test('[MG36] calls about snapshots are answered: there are none, and the empty container always is', (t) => {
  const world = open(6)
  const { token: cont } = world.kernel.containers[0]!
  const answers: string[] = []
  const interval = { cont, stateInterval: asInterval(5) }
  const none = { cont, stateInterval: asInterval(0) }
  const { messenger } = world.kernel
  run(
    messenger,
    (function* () {
      const to = managerPort
      const calls = managerUpcalls
      const taken = yield* ask(messenger, to, calls.containerSnapshot, interval)
      const queried = yield* ask(messenger, to, calls.stateIntervalQuery, interval)
      const empty = yield* ask(messenger, to, calls.stateIntervalQuery, none)
      const stabilised = yield* ask(messenger, to, calls.containerStabiliseRequest, interval)
      const recoverable = yield* ask(messenger, to, calls.snapshotIsRecoverable, interval)
      answers.push(taken.status)
      answers.push(queried.status === 'ok' ? queried.state : queried.status)
      answers.push(empty.status === 'ok' ? empty.state : empty.status)
      answers.push(stabilised.status, recoverable.status)
    })(),
  )
  world.runUntilIdle(100)

  t.deepEqual(answers, [
    'not_supported',
    'none',
    'recoverable',
    'no_such_interval',
    'no_such_interval',
  ])
})

test('[MG37] a disk far smaller than all that is ever swapped out is enough, and a destroyed container gives its swap back', (t) => {
  const small = { ...shape, containers: 1, segments: 12, segmentBlocks: 64 }
  const world = new SimWorld(7, { ...small, manager: demandZero({ tidyBytes: 64 * 1024 }) })
  world.begin()

  for (let round = 1; round <= 40; round++) {
    for (let page = 0; page < shape.pages; page++) world.write(0, page, round * 1000 + page)
    letGoOfLog(world)
  }
  const written = world.counters.get('pagesWritten')
  const wrong = world.differences()
  world.kernel.destroy(0)
  world.runUntilIdle(500)
  world.adoptAll()
  for (let round = 1; round <= 10; round++) {
    for (let page = 0; page < shape.pages; page++) world.write(0, page, round * 7 + page)
    letGoOfLog(world)
  }

  t.true(written > 2 * 12 * 64)
  t.deepEqual(wrong, [])
  t.deepEqual(world.differences(), [])
  t.deepEqual(world.kernel.complaints, [])
})

test('[MG37] a segment is given back when it holds nothing, but for the newest', (t) => {
  const swap = new SwapSpace(3, 8)
  const all = swap.takeEmpty()

  swap.written(9 as never)
  swap.written(10 as never)
  swap.written(17 as never)
  swap.drop(9 as never)
  const half = swap.takeEmpty()
  swap.drop(10 as never)
  const whole = swap.takeEmpty()
  swap.drop(17 as never)

  t.deepEqual(all, [0, 1, 2])
  t.deepEqual(half, [])
  t.deepEqual(whole, [0])
  t.deepEqual(swap.takeEmpty(), [])
  t.is(swap.pages, 0)
})

test('[MG1] tokens of one start of the demand-zero manager are none of another’s', (t) => {
  const boot = (session: number): ManagerBoot =>
    ({ own: { token: 1, interval: session * 1_000_000_000 + 1 } }) as never
  const first = tokensFor(boot(3))
  const second = tokensFor(boot(4))

  const given = Array.from({ length: 5000 }, () => giveToken(first)).filter((each) => each !== null)
  noteToken(second, given[0]!)
  const later = Array.from({ length: 10 }, () => giveToken(second))

  t.is(given.length, 4096 - 2)
  t.is(new Set([...given, ...later]).size, given.length + 10)
})

test('[MG37] the log behind what was swapped out is let go of after a second, though not much was and no more comes', (t) => {
  const world = new SimWorld(11, {
    ...shape,
    containers: 1,
    segments: 12,
    segmentBlocks: 64,
    manager: demandZero({}),
  })
  world.begin()
  for (let page = 0; page < 40; page++) world.write(0, page, page + 1)
  world.runUntilIdle(1500)
  const { messenger } = world.kernel
  const refused: string[] = []
  const record = { kind: 'note' as const, content: new Uint8Array(100_000) }

  // Somebody else writes twice what the disk holds, and lets go of it.
  for (let round = 0; round < 60; round++) {
    const args = { pages: [], records: [record], barrier: true }
    messenger.call(actorPorts.disk, diskCalls.diskWrite, args, ({ status }) => {
      if (status !== 'ok') refused.push(status)
    })
    world.runUntilIdle(50)
    letGoOfLog(world)
  }

  t.true(world.counters.get('pagesWritten') > 0)
  t.deepEqual(refused, [])
  t.deepEqual(world.differences(), [])
})
