/** Every manager passes the conformance suite, and each of its checks can fail. */
import { SelfManagingManager, TransactionalManager } from '@katydid/managers'
import { findings, runManagerConformance } from '@katydid/managers/testing/conformance.js'
import { conformanceCases } from '@katydid/managers/testing/conformance-cases.js'
import test from 'ava'
import * as programs from '../campaign/whole-world.js'
import { conformanceWorld } from './support/conformance-world.js'
import { kernelConformance } from './support/kernel-conformance.js'
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

for (const serviceLevel of ['logging', 'deterministic'] as const)
  runManagerConformance(
    (title, body) =>
      test(`${title}: ${serviceLevel}`, (t) => {
        t.deepEqual(body(), [])
      }),
    () =>
      conformanceWorld((surroundings, boot) => {
        const options = { ...surroundings.options, serviceLevel }
        return new SelfManagingManager({ ...surroundings, options }, boot)
      }),
  )

const { demandZero: nothingKept, transactional, logging, deterministic } = programs
for (const manager of [null, nothingKept, transactional, logging, deterministic])
  test(`[MG155] with the real kernel a manager passes the same cases: ${manager?.name ?? 'self-managing'}`, (t) => {
    const others = manager === null ? [] : [manager]
    const cases = conformanceCases.filter(
      ({ demand }) => demand === 'paging' || manager !== nothingKept,
    )

    for (const each of cases) {
      const found = findings(each, () => kernelConformance(manager?.name ?? '', { others }))

      t.deepEqual(found, [], each.title)
    }
    t.true(cases.length > 3)
  })

test('[MG155] these cases see a manager that has lost what it said was recoverable', (t) => {
  const world = kernelConformance('')
  world.write(3, 7)
  const before = world.capture()
  world.write(3, 8)
  const after = world.capture()

  t.deepEqual([before, after], [true, true])
  t.is(world.kill().read(3), 8)
  t.is(world.read(3), 8)
})
