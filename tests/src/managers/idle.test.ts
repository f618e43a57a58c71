/** MG: what a manager that keeps snapshots does while nobody asks anything of it. In the simulator. */
import { actorPorts, diskCalls } from '@katydid/abi'
import { ask, run } from '@katydid/actor'
import { Folding, type Keeper } from '@katydid/managers/self-managing/folding.js'
import test from 'ava'
import { SimWorld } from './support/sim-world.js'

const shape = { frames: 48, pages: 60, containers: 1, loci: 1, segments: 24, segmentBlocks: 32 }

/** Somebody else writes so many bytes and, unless they are to be kept, lets go of all before them; answers with what that was refused. */
function writeElsewhere(world: SimWorld, bytes: number, refused: string[], keeps = false): void {
  const record = { kind: 'note' as const, content: new Uint8Array(bytes) }
  const { messenger } = world.kernel
  run(
    messenger,
    (function* () {
      const args = { pages: [], records: [record], barrier: true }
      const written = yield* ask(messenger, actorPorts.disk, diskCalls.diskWrite, args)
      if (written.status !== 'ok') {
        refused.push(written.status)
        return
      }
      const { position: from } = written
      if (keeps) return
      yield* ask(messenger, actorPorts.disk, diskCalls.diskTrim, { from })
      yield* ask(messenger, actorPorts.disk, diskCalls.diskSync, {})
    })(),
  )
}

/** Time passes, whatever happens in it. */
function pass(world: SimWorld, ms: number): void {
  let isOver = false
  world.sim.task(
    'host',
    (function* () {
      yield ms
      isOver = true
    })(),
  )
  world.sim.runUntil(() => isOver)
}

/** Answers how many steps the simulator has made since. */
function counted({ sim }: SimWorld): () => number {
  const step = sim.step.bind(sim)
  let steps = 0
  sim.step = (untilMs) => {
    steps++
    return step(untilMs)
  }
  return () => steps
}

test('[MG107] a manager that wrote a little and is idle lets go of the log when others fill the disk', (t) => {
  const world = new SimWorld(5, shape)
  world.begin()
  for (let page = 0; page < 40; page++) world.write(0, page, page + 1)
  world.capture()
  pass(world, 3_000)
  const refused: string[] = []

  // Three times what the disk holds, in a minute.
  for (let round = 0; round < 120; round++) {
    writeElsewhere(world, 80_000, refused)
    pass(world, 500)
  }

  t.deepEqual(refused, [])
  t.deepEqual(world.differences(), [])
  t.deepEqual(world.kernel.complaints, [])
})

test('[MG107] as long as there is room it does nothing, and rests between its looks', (t) => {
  const world = new SimWorld(6, { ...shape, segments: 200 })
  world.begin()
  for (let page = 0; page < 40; page++) world.write(0, page, page + 1)
  world.capture()
  pass(world, 3_000)
  const before = world.counters.get('pagesWritten')
  const stepsOf = counted(world)

  pass(world, 20_000)

  t.is(world.counters.get('pagesWritten'), before)
  t.true(stepsOf() < 400, `${stepsOf()} steps`)
})

test('[MG107] where room is short and nothing more can be won it snapshots itself once, and not again before the log has grown', (t) => {
  const world = new SimWorld(7, shape)
  world.begin()
  for (let page = 0; page < 40; page++) world.write(0, page, page + 1)
  world.capture()
  const refused: string[] = []
  for (let round = 0; round < 17; round++) {
    writeElsewhere(world, 80_000, refused, true)
    pass(world, 50)
  }
  pass(world, 10_000)
  const before = world.counters.get('pagesWritten')

  pass(world, 30_000)

  t.true(world.freeSegments < shape.segments / 4, `${world.freeSegments} free`)
  t.deepEqual(refused, [])
  t.is(world.counters.get('pagesWritten'), before)
})

test.serial(
  '[MG106] a version that waits for a place among what is retained is looked at now and then, and folded when there is one',
  (t) => {
    const seen = new Set<Folding>()
    const proto = Folding.prototype as unknown as Record<string, () => unknown>
    const settle = proto['settle']!
    proto['settle'] = function (this: Folding) {
      seen.add(this)
      return settle.apply(this)
    }
    t.teardown(() => (proto['settle'] = settle))
    const world = new SimWorld(7, { ...shape, segments: 200 })
    world.begin()
    pass(world, 100)
    const [found] = seen
    const keeper: Keeper = found!.keeper
    // As when every slot of the container’s history is taken.
    const full: Keeper = {
      beforeFold: () => false,
      giveWay: () => keeper.giveWay(),
      spareFrames: keeper.spareFrames,
    }
    found!.keeper = full
    for (let page = 0; page < 40; page++) world.write(0, page, page + 1)
    world.capture()
    pass(world, 500)
    const stepsOf = counted(world)

    const isWaiting = found!.isPending
    pass(world, 5_000)
    const steps = stepsOf()
    found!.keeper = keeper
    pass(world, 500)

    t.true(isWaiting)
    t.true(steps < 5_000, `${steps} steps in 5 s`)
    t.false(found!.isPending)
    t.deepEqual(world.differences(), [])
  },
)

test('[MG162] a manager whose first snapshot of itself is refused asks again until its root page is durable', (t) => {
  const world = new SimWorld(3, shape)
  world.kernel.refusesOwn = 3

  world.begin()
  pass(world, 2_000)
  const { rootPage } = world.kernel.boot()

  t.is(world.kernel.refusesOwn, 0)
  t.not(rootPage, null)
})
