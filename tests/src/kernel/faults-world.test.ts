/** Faults on real threads beside managers that are wrong: a status in bounded time, and nobody else's frames touched. */
import type { KatydidError, OpenOptions } from 'katydid'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const many = { pages: 200, operations: 300, seed: 5, column: 0 }
const few = { pages: 24, operations: 24, seed: 5, column: 0, snapshotEvery: 4 }

/** A bad manager and its options, besides the good one. */
const bad = (way: string): Pick<OpenOptions, 'managers'> => ({
  managers: [
    {
      name: 'bad',
      module: new URL(import.meta.resolve('@katydid/managers/faulty/faulty.worker.js')),
      options: { way },
      containerBytes: 192 * 1024 ** 2,
      keepsRoot: true,
    },
  ],
})

for (const [way, expected] of [
  ['neverAnswers', /manager_failed/],
  ['answersWithoutInstalling', /manager_failed/],
  ['installsStrangersFrame', /manager_failed/],
  ['givesTooLittleAccess', /manager_failed/],
  // Started again each time, it comes to the end in pieces.
  ['diesInFault', /^ok$/],
  ['answersTwice', /^ok$/],
] as const)
  test.serial(
    `[PS8] beside a manager that ${way} a locus has a status in bounded time, and another manager’s container is whole`,
    async (t) => {
      const world = await openForTest(t, {
        dir: temporaryFolder(t),
        frames: 96,
        snapshotEveryMs: 100,
        ...bad(way),
      })
      const storm = fixture('storm')
      const good = await world.createContainer({ name: 'good', size: 200 * 4096, program: storm })
      const theirs = await world.createContainer({
        name: 'theirs',
        size: 200 * 4096,
        program: storm,
        manager: 'bad',
      })
      const began = performance.now()
      const wrong = await world.startLocus(theirs, { name: 'wrong', args: few })
      const right = await world.startLocus(good, { name: 'right', args: many })

      const outcome = await wrong.result().then(
        ({ result }) => ((result as { sum: number }).sum === few.operations ? 'ok' : 'wrong sum'),
        (error: KatydidError) => error.message,
      )
      const { result } = await right.result()

      t.regex(outcome, expected)
      t.is((result as { sum: number }).sum, many.operations)
      t.true(performance.now() - began < 45_000)
    },
  )
