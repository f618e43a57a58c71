/** The template manager passes the conformance suite as one that keeps nothing, and comes back empty. */
import { runManagerConformance } from '@katydid/managers/testing/conformance.js'
import { TemplateManager } from '@katydid/managers/template/template.js'
import test from 'ava'
import { conformanceWorld } from './support/conformance-world.js'
import { keepsNothing } from './support/volatile-world.js'

const create = keepsNothing((surroundings, boot) => new TemplateManager(surroundings, boot))

runManagerConformance(
  (title, body) =>
    test(`${title}: template`, (t) => {
      t.deepEqual(body(), [])
    }),
  () => conformanceWorld(create),
  'nothing',
)

for (const mishap of ['killManager', 'loseLocus'] as const)
  test(`[MG39] after a recovery its containers are empty, and serve again: template, ${mishap}`, (t) => {
    const world = conformanceWorld(create)
    for (let page = 0; page < world.pages; page++) world.write(page, page + 1)

    world[mishap]()
    const found = Array.from({ length: world.pages }, (_, page) => world.read(page))
    world.write(3, 5)

    t.deepEqual(new Set(found), new Set([0]))
    t.is(world.read(3), 5)
  })
