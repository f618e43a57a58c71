/** MG: the log that a manager's root page needs is there, or the manager does not start. */
import { actorPorts, asPosition, diskCalls } from '@katydid/abi'
import { ask, run } from '@katydid/actor'
import { CannotStart } from '@katydid/managers/paging/cannot-start.js'
import { assertLogReaches } from '@katydid/managers/self-managing/log-reaches.js'
import type { RootPage } from '@katydid/managers/self-managing/root-page.js'
import test from 'ava'
import { SimWorld } from './support/sim-world.js'

const shape = { frames: 48, pages: 60, containers: 1, loci: 1, segments: 32, segmentBlocks: 32 }

/** Somebody else writes a record and needs nothing before it. */
function writeElsewhere({ kernel: { messenger } }: SimWorld): void {
  run(
    messenger,
    (function* () {
      const records = [{ kind: 'note' as const, content: new Uint8Array(60_000) }]
      const args = { pages: [], records, barrier: true }
      const written = yield* ask(messenger, actorPorts.disk, diskCalls.diskWrite, args)
      if (written.status !== 'ok') return
      yield* ask(messenger, actorPorts.disk, diskCalls.diskTrim, { from: written.position })
      yield* ask(messenger, actorPorts.disk, diskCalls.diskSync, {})
    })(),
  )
}

function stabilise(world: SimWorld): void {
  let isDurable = false
  world.manager!.stabilise((durable) => {
    isDurable = durable
  })
  world.sim.runUntil(() => isDurable, 10_000)
}

test('[MG160] a root page that needs more of the log than there is is refused as damaged, with what to do', (t) => {
  const root = { replayFrom: asPosition(126), interval: 4 } as unknown as RootPage

  const error = t.throws(() => assertLogReaches(root, asPosition(178)), { instanceOf: CannotStart })

  t.is(error?.status, 'damaged')
  t.regex(error?.message ?? '', /needs the log from position 126 on, but the log begins at 178/)
  t.regex(error?.message ?? '', /Bring the disk’s file back from a copy/)
  t.notThrows(() => assertLogReaches(root, asPosition(126)))
})

test('[MG161] a manager that snapshots itself again and again with nothing to write still has the log that its root page needs', (t) => {
  const world = new SimWorld(5, shape)
  world.begin()
  for (let page = 0; page < 40; page++) world.write(0, page, page + 1)
  world.capture()
  world.runUntilIdle(1_000)
  for (let times = 0; times < 6; times++) {
    stabilise(world)
    for (let n = 0; n < 6; n++) {
      writeElsewhere(world)
      world.runUntilIdle(100)
    }
    world.restartManager()
    t.deepEqual(world.differences(), [], `snapshot ${times}`)
  }
})
