/** MG: a line that stands still for long: what is wanted by nobody is let go of, what is wanted stays whole. Over the real manager and disk core in the simulator. */
import { asCapref, asInterval, managerNotices, managerUpcalls } from '@katydid/abi'
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
  segments: 48,
  segmentBlocks: 32,
  options: { retain: 0, snapshotFolds: 4, foldSlice: 2 },
} satisfies WorldShape

/** cont_rollback to that snapshot; the line is at `line`. */
const backTo = (container: UserContainer, interval: number, line: number) => ({
  cont: container.token,
  stateInterval: asInterval(interval),
  open: asInterval(container.interval + 1000),
  recoverable: asInterval(line),
  capability: asCapref(100 + container.slot),
  slot: Number(container.slot),
  size: 24 * 100 * 4096,
})

/** A container whose line stands at `base`, of which more is captured from now on. */
function standing(seed: number, more: Partial<WorldShape> = {}) {
  const world = RetainedWorld.begin(seed, { ...shape, ...more })
  const container = versions(world, 3)
  const base = world.list(container).at(-1)!.stateInterval
  world.world.kernel.announces = false
  return { world, container, base: Number(base) }
}

/** Another snapshot, stable and not on the line; answers its name. */
function another(world: RetainedWorld, container: UserContainer, round: number): number {
  for (let page = 0; page < 24; page++) world.write(container, page, round * 1000 + page + 1)
  const label = container.interval
  world.beginCapture()
  const { sim } = world.world
  sim.runUntil(() => container.stable.has(label), sim.clock.nowMs() + 10_000)
  return label
}

const supersedes = (world: RetainedWorld, { token: cont }: UserContainer, label: number): string =>
  world.call(managerNotices.snapshotSupersedes, { cont, stateInterval: asInterval(label) }).status

/** Goes back to it, and what the container holds then is what it is compared with. */
function goBack(world: RetainedWorld, container: UserContainer, to: number, line: number): string {
  world.world.kernel.clearTables()
  const args = backTo(container, to, line)
  const { status } = world.call(managerUpcalls.contRollback, args)
  container.interval = args.open
  world.present.set(container.token, world.past.snapshots.get(`${container.token} ${to}`)!)
  return status
}

test('[MG150] a hundred snapshots while the line stands take no more of the disk than the two that are wanted, and each of these can be gone back to', (t) => {
  const { world, container, base } = standing(1)
  let newest = base
  const told: string[] = []
  for (let round = 1; round <= 100; round++) {
    newest = another(world, container, round)
    world.world.kernel.giveUpBetween()
    told.push(world.keep(container, [base, newest]), supersedes(world, container, newest))
    world.world.runUntilIdle(50)
  }
  const listed = world.list(container)
  const state = (interval: number) =>
    world.call(managerUpcalls.stateIntervalQuery, {
      cont: container.token,
      stateInterval: asInterval(interval),
    })
  const said = [state(base), state(newest), state(newest - 1)]
  const wrong = world.differences()
  const back = goBack(world, container, newest, base)
  const atNewest = world.differences()
  const further = goBack(world, container, base, base)

  t.deepEqual([...new Set(told)], ['ok'])
  t.deepEqual(world.world.reports, [])
  t.like(said[0], { status: 'ok', state: 'recoverable' })
  t.like(said[1], { status: 'ok', state: 'stable' })
  t.like(said[2], { status: 'ok', state: 'none' })
  t.deepEqual(
    listed.map(({ stateInterval, state: of }) => [Number(stateInterval), of]),
    [[base, 'line']],
  )
  t.deepEqual([back, further], ['ok', 'ok'])
  t.deepEqual([...wrong, ...atNewest, ...world.differences()], [])
})

test('[MG150] the container goes back to the line at whatever moment, also when the map is half of what supersedes it', (t) => {
  const wrong: string[] = []
  for (let steps = 0; steps < 60; steps += 4) {
    const { world, container, base } = standing(steps + 2)
    const label = another(world, container, 1)
    world.keep(container, [base, label])
    supersedes(world, container, label)
    world.step(steps)
    const status = goBack(world, container, base, base)
    if (status !== 'ok') wrong.push(`after ${steps} steps: ${status}`)
    wrong.push(...world.differences().map((each) => `after ${steps} steps: ${each}`))
    // And it goes on.
    versions(world, 2, 50)
    wrong.push(...world.differences().map((each) => `later, after ${steps} steps: ${each}`))
  }

  t.deepEqual(wrong, [])
})

test('[MG150] what was wanted is there after a kill of the process, until the kernel says that it is not', (t) => {
  const { world, container, base } = standing(200)
  const middle = another(world, container, 1)
  world.keep(container, [base, middle])
  supersedes(world, container, middle)
  world.world.runUntilIdle(50)
  const newest = another(world, container, 2)
  world.keep(container, [base, middle, newest])
  supersedes(world, container, newest)
  world.world.runUntilIdle(100)
  world.world.settle()

  const again = world.killed(201)
  const there = again.containers[0]!
  const atNewest = again.differences()
  const ways = [middle, base].map((each) => [goBack(again, there, each, base), again.differences()])
  again.keep(there, [])
  versions(again, 3, 70)

  t.deepEqual(atNewest, [])
  t.deepEqual(ways, [
    ['ok', []],
    ['ok', []],
  ])
  t.deepEqual(again.differences(), [])
  t.is(again.list(there).length, 1)
})

test('[MG151] what is not there, or not stable, supersedes nothing', (t) => {
  const { world, container, base } = standing(300)
  const unknown = { cont: 999 as never, stateInterval: asInterval(base) }

  t.is(world.call(managerNotices.snapshotSupersedes, unknown).status, 'no_such_container')
  t.is(supersedes(world, container, container.interval), 'no_such_interval')
  t.is(supersedes(world, container, base), 'ok')
})
