/** MG: snapshots that belong to kept lines stay, whatever else would have them given up. Over the real manager and disk core in the simulator. */
import { asCapref, asInterval, managerUpcalls } from '@katydid/abi'
import test from 'ava'
import { RetainedWorld, versions } from './support/retained-world.js'
import type { WorldShape } from './support/sim-world.js'
import type { UserContainer } from './support/stand-in-kernel.js'

const shape = {
  frames: 40 + 8 + 1,
  pages: 24,
  stride: 100,
  containers: 1,
  loci: 1,
  options: { retain: 1, snapshotFolds: 4 },
} satisfies WorldShape

const names = (world: RetainedWorld): number[] =>
  world.list(world.containers[0]!).map(({ stateInterval }) => stateInterval)

/** cont_rollback to that snapshot. */
const backTo = (container: UserContainer, interval: number) => ({
  cont: container.token,
  stateInterval: asInterval(interval),
  open: asInterval(container.interval + 1000),
  recoverable: asInterval(interval),
  capability: asCapref(100 + container.slot),
  slot: Number(container.slot),
  size: 24 * 100 * 4096,
})

test('[MG90] a snapshot that belongs to a kept line stays beyond those that are retained, over every kill, until it is said that it does not', (t) => {
  const world = RetainedWorld.begin(1, shape)
  const container = versions(world, 3)
  const kept = names(world).at(-1)!
  const told = world.keep(container, [kept])
  versions(world, 8, 3)
  const beyond = names(world)

  const again = world.killed(2)
  // Before the kernel has said anything: what was written down holds.
  versions(again, 4, 11)
  const afterKill = names(again)
  again.restartManager()
  const afterRestart = [...again.lookBack(again.containers[0]!), ...again.differences()]
  again.keep(again.containers[0]!, [])
  versions(again, 1, 15)

  t.is(told, 'ok')
  t.is(beyond.length, 3)
  t.is(beyond[0], kept)
  t.is(afterKill[0], kept)
  t.deepEqual(afterRestart, [])
  t.is(names(again).length, 2)
  t.false(names(again).includes(kept))
})

test('[MG90] the one that is named before it is folded over is kept with no retention at all', (t) => {
  const world = RetainedWorld.begin(3, { ...shape, options: { ...shape.options, retain: 0 } })
  const container = versions(world, 2)
  const kept = names(world).at(-1)!
  world.keep(container, [kept])

  versions(world, 5, 2)

  t.is(names(world).length, 2)
  t.is(names(world)[0], kept)
  t.deepEqual(world.lookBack(container), [])
})

test('[MG90] it is not given up by snapshot_drop nor by a lower number, and cleaning moves it with the rest', (t) => {
  const world = RetainedWorld.begin(4, {
    ...shape,
    segments: 48,
    segmentBlocks: 32,
    options: { retain: 2, snapshotFolds: 2 },
  })
  const container = versions(world, 3)
  const kept = names(world).at(-1)!
  world.keep(container, [kept])
  versions(world, 3, 3)

  const dropped = world.drop(container, kept)
  const fewer = world.retain(container, 0)
  versions(world, 40, 6)
  const cleaned = world.world.counters.get('segmentsFreed')

  t.is(dropped, 'most_recent_recoverable')
  t.is(fewer, 'ok')
  t.true(cleaned > 0)
  t.deepEqual(names(world).length, 2)
  t.is(names(world)[0], kept)
  t.deepEqual([...world.lookBack(container), ...world.differences()], [])
})

test('[MG91] the container goes back to a kept snapshot that only its history names; newer ones never were, now and after every kill', (t) => {
  const world = RetainedWorld.begin(5, { ...shape, options: { retain: 3, snapshotFolds: 1000 } })
  const container = versions(world, 3)
  const [older, kept] = names(world).slice(-2)
  world.keep(container, [older!, kept!])
  versions(world, 6, 3)
  const args = backTo(container, kept!)
  const there = world.call(managerUpcalls.stateIntervalQuery, args)

  world.world.kernel.clearTables()
  const back = world.call(managerUpcalls.contRollback, args)
  const again = world.call(managerUpcalls.contRollback, args)
  container.interval = args.open
  world.present.set(container.token, world.past.snapshots.get(`${container.token} ${kept}`)!)
  const listed = names(world)
  const wrong = [...world.differences(), ...world.lookBack(container)]
  versions(world, 3, 20)
  world.world.settle()
  const next = world.killed(6)

  t.like(there, { status: 'ok', state: 'recoverable' })
  t.deepEqual([back.status, again.status], ['ok', 'ok'])
  t.deepEqual(listed, [older, kept])
  t.deepEqual(wrong, [])
  t.deepEqual([...next.differences(), ...next.lookBack(next.containers[0]!)], [])
})

test('[MG91] going back to what only the history names is not answered ok when the root page that says so cannot be written', (t) => {
  const world = RetainedWorld.begin(8, { ...shape, options: { retain: 3, snapshotFolds: 1000 } })
  const container = versions(world, 3)
  const kept = names(world).at(-1)!
  world.keep(container, [kept])
  versions(world, 6, 3)
  world.world.kernel.clearTables()
  world.world.writesFail = true

  const back = world.call(managerUpcalls.contRollback, backTo(container, kept))

  t.not(back.status, 'ok')
})

test('[MG92] where all that could give way belongs to kept lines, the kernel is asked to give one up, and the world goes on', (t) => {
  const world = RetainedWorld.begin(7, {
    ...shape,
    stride: 4,
    pages: 160,
    segments: 48,
    segmentBlocks: 32,
    options: { retain: 0, snapshotFolds: 2 },
  })
  const container = world.containers[0]!
  const kept: number[] = []
  const before = world.world.kernel
  for (let round = 0; round < 14; round++) {
    for (let page = 0; page < 60; page++)
      world.write(container, (round * 40 + page) % 160, round * 1000 + page + 1)
    world.capture()
    world.world.runUntilIdle(100)
    kept.push(names(world).at(-1)!)
    if (before.releases === 0) world.keep(container, kept)
  }
  const asked = before.releases
  world.keep(container, [])
  world.world.runUntilIdle(500)

  t.true(asked > 0)
  t.is(names(world).length, 1)
  t.deepEqual(world.differences(), [])
})
