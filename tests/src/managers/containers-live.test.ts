/** MG: what only a manager knows is forgotten when the kernel says what there is. The real manager, in the simulator. */
import { actorPorts, managerNotices } from '@katydid/abi'
import test from 'ava'
import { SimWorld } from './support/sim-world.js'

const pages = (count: number): number[] => Array.from({ length: count }, (_, page) => page)

test('[MG45] a container that the kernel does not name gives back its frames and blocks, and the others stay', (t) => {
  const world = new SimWorld(10, {
    frames: 16 + 8 + 1,
    pages: 64,
    loci: 2,
    containers: 2,
    segments: 64,
    segmentBlocks: 32,
  })
  world.begin()
  for (let round = 0; round < 6; round++) {
    for (const page of pages(64)) world.write(1, page, round * 64 + page)
    world.capture()
    world.runUntilIdle(500)
  }
  world.write(0, 5, 55)
  world.settle()
  const before = world.freeSegments
  const [kept, lost] = world.kernel.containers
  const statuses: string[] = []

  const tokens = [kept!.token]
  const { messenger } = world.kernel
  messenger.call(actorPorts.firstManager, managerNotices.containersLive, { tokens }, (reply) =>
    statuses.push(reply.status),
  )
  world.kernel.containers.splice(1, 1)
  world.runUntilIdle(1000)
  world.settle()

  t.deepEqual(statuses, ['ok'])
  t.truthy(lost)
  t.deepEqual(world.kernel.complaints, [])
  t.true(world.freeSegments > before)
  t.is(world.read(0, 5).value, 55)
})
