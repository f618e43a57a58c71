/** MG: what a manager that keeps snapshots does while nobody asks anything of it. In the simulator. */
import { actorPorts, diskCalls } from '@katydid/abi'
import { ask, run } from '@katydid/actor'
import test from 'ava'
import { SimWorld } from './support/sim-world.js'

const shape = { frames: 48, pages: 60, containers: 1, loci: 1, segments: 24, segmentBlocks: 32 }

/** Somebody else writes so many bytes and lets go of all before them; answers with what that was refused. */
function writeElsewhere(world: SimWorld, bytes: number, refused: string[]): void {
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
      yield* ask(messenger, actorPorts.disk, diskCalls.diskTrim, { from })
      yield* ask(messenger, actorPorts.disk, diskCalls.diskSync, {})
    })(),
  )
}

test('[MG107] a manager that wrote a little and is idle lets go of the log when others fill the disk', (t) => {
  const world = new SimWorld(5, shape)
  world.begin()
  for (let page = 0; page < 40; page++) world.write(0, page, page + 1)
  world.capture()
  world.runUntilIdle(3_000)
  const refused: string[] = []

  // Three times what the disk holds, in a minute.
  for (let round = 0; round < 120; round++) {
    writeElsewhere(world, 80_000, refused)
    world.runUntilIdle(500)
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
  world.runUntilIdle(3_000)
  const before = world.counters.get('pagesWritten')
  let steps = 0
  const step = world.sim.step.bind(world.sim)
  world.sim.step = (untilMs) => {
    steps++
    return step(untilMs)
  }

  world.sim.runUntil(() => false, world.sim.clock.nowMs() + 20_000)

  t.is(world.counters.get('pagesWritten'), before)
  t.true(steps < 400, `${steps} steps`)
})
