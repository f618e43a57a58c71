import test from 'ava'
import {
  runManagerConformance,
  type ConformanceWorld,
} from '@katydid/managers/testing/conformance.js'
import { SimWorld } from './support/sim-world.js'

const shape = { frames: 16 + 8 + 1, pages: 64, containers: 1, loci: 1 }

function behind(world: SimWorld): ConformanceWorld {
  return {
    pages: shape.pages,
    write: (page, value) => void world.write(0, page, value),
    read: (page) => world.read(0, page).value,
    capture: () => {
      const capture = world.capture()
      world.sim.runUntil(() => world.kernel.line === capture, world.sim.clock.nowMs() + 10_000)
    },
    kill: () => {
      const next = new SimWorld(2, shape, Uint8Array.from(world.file.image), world.captured)
      next.reopen()
      return behind(next)
    },
    killManager: () => void world.restartManager(),
    discard: (count) => {
      const before = world.kernel.freeFrames
      world.kernel.askBack(count)
      world.runUntilIdle(500)
      return world.kernel.freeFrames - before
    },
  }
}

runManagerConformance(
  (title, body) =>
    test(`${title}: self-managing`, (t) => {
      t.deepEqual(body(), [])
    }),
  () => {
    const world = new SimWorld(1, shape)
    world.begin()
    return behind(world)
  },
)
