/** A machine of the simulator as the conformance suite wants it: one container under the manager to be tested. */
import { asInterval, managerUpcalls } from '@katydid/abi'
import type { ConformanceWorld } from '@katydid/managers/testing/conformance.js'
import { managerPort } from './stand-in-kernel.js'
import { SimWorld, type WorldShape } from './sim-world.js'

/** Far fewer frames than pages. */
const small = { frames: 16 + 8 + 1, pages: 64, containers: 1, loci: 1 }
/** An interval that no kernel here ever named. */
const neverNamed = 999_999
const recoverableMs = 10_000
const discardMs = 500

/** A fresh world with the real manager, or with the one that is given. */
export function conformanceWorld(
  manager: WorldShape['manager'],
  more: Partial<WorldShape> = {},
): ConformanceWorld {
  const shape = { ...small, ...more, ...(manager === undefined ? {} : { manager }) }
  const world = new SimWorld(1, shape)
  world.begin()
  return behind(world, shape)
}

function behind(world: SimWorld, shape: WorldShape): ConformanceWorld {
  return {
    pages: shape.pages,
    write: (page, value) => world.write(0, page, value),
    read: (page) => {
      const { status, value } = world.read(0, page)
      return status === 'ok' ? value : status
    },
    writeTogether: (page, value) => world.writeTogether(0, page, value),
    capture: () => {
      const capture = world.capture()
      return (
        capture !== null &&
        world.sim.runUntil(
          () => world.kernel.line === capture,
          world.sim.clock.nowMs() + recoverableMs,
        )
      )
    },
    query: (asked) => {
      const { token, stable } = world.kernel.containers[0]!
      const stateInterval = asInterval(asked === 'line' ? Math.max(...stable) : neverNamed)
      const answers: string[] = []
      world.kernel.messenger.call(
        managerPort,
        managerUpcalls.stateIntervalQuery,
        { cont: token, stateInterval },
        (reply) => answers.push(reply.status === 'ok' ? reply.state : reply.status),
      )
      world.sim.runUntil(() => answers.length > 0, world.sim.clock.nowMs() + recoverableMs)
      return answers[0] ?? 'no answer'
    },
    kill: () => {
      const next = new SimWorld(2, shape, Uint8Array.from(world.file.image), world.captured)
      next.reopen()
      return behind(next, shape)
    },
    killManager: () => void world.restartManager(),
    loseLocus: () => void world.rollBack(),
    discard: (count) => {
      const before = world.kernel.freeFrames
      world.kernel.askBack(count)
      world.runUntilIdle(discardMs)
      return world.kernel.freeFrames - before
    },
  }
}
