/** The read-ahead manager passes the conformance suite as one that keeps nothing, and reads ahead. */
import { runManagerConformance } from '@katydid/managers/testing/conformance.js'
import { ReadAheadManager } from '@katydid/managers/read-ahead/read-ahead.js'
import { entryIndex } from '@katydid/memory'
import test from 'ava'
import { conformanceWorld } from './support/conformance-world.js'
import { SimWorld } from './support/sim-world.js'
import { keepsNothing } from './support/volatile-world.js'

const create = keepsNothing((surroundings, boot) => new ReadAheadManager(surroundings, boot))

runManagerConformance(
  (title, body) =>
    test(`${title}: read-ahead`, (t) => {
      t.deepEqual(body(), [])
    }),
  () => conformanceWorld(create),
  'nothing',
)

for (const mishap of ['killManager', 'loseLocus'] as const)
  test(`[MG39] after a recovery its containers are empty, and serve again: read-ahead, ${mishap}`, (t) => {
    const world = conformanceWorld(create)
    for (let page = 0; page < world.pages; page++) world.write(page, page + 1)

    world[mishap]()
    const found = Array.from({ length: world.pages }, (_, page) => world.read(page))
    world.write(3, 5)

    t.deepEqual(new Set(found), new Set([0]))
    t.is(world.read(3), 5)
  })

test('[MG39] pages behind one that was read are there before they are asked for: read-ahead', (t) => {
  const world = new SimWorld(1, { frames: 64, pages: 32, containers: 1, loci: 1, manager: create })
  world.begin()
  world.runUntilIdle(100)
  const { slot } = world.kernel.containers[0]!
  const shown = (page: number): boolean =>
    world.sim.region.words.load(entryIndex(world.sim.region, slot, page * 4096)) !== 0

  world.read(0, 3)

  t.deepEqual([2, 3, 4, 7, 8].map(shown), [false, true, true, true, false])
})
