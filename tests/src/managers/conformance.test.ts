/** Every manager passes the conformance suite, and each of its checks can fail. */
import { TransactionalManager } from '@katydid/managers'
import { runManagerConformance } from '@katydid/managers/testing/conformance.js'
import test from 'ava'
import { conformanceWorld } from './support/conformance-world.js'
import { demandZero } from './support/volatile-world.js'

runManagerConformance(
  (title, body) =>
    test(`${title}: self-managing`, (t) => {
      t.deepEqual(body(), [])
    }),
  () => conformanceWorld(undefined),
)

runManagerConformance(
  (title, body) =>
    test(`${title}: transactional`, (t) => {
      t.deepEqual(body(), [])
    }),
  () =>
    conformanceWorld((surroundings, boot) => new TransactionalManager(surroundings, boot), {
      transactional: true,
    }),
)

runManagerConformance(
  (title, body) =>
    test(`${title}: demand-zero`, (t) => {
      t.deepEqual(body(), [])
    }),
  () => conformanceWorld(demandZero()),
  'nothing',
)
