/** Pressure on real threads: containers that are together 50 times the machine's frames, at every count down to the least. */
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const loci = 3
const operations = 100

for (const frames of [16, 17, 19, 22, 26, 32])
  test.serial(
    `[PS10] containers of 50 times ${frames} frames run to the end, with ${loci} loci and snapshots`,
    async (t) => {
      const world = await openForTest(t, {
        dir: temporaryFolder(t),
        frames,
        loci,
        snapshotEveryMs: 50,
      })
      const pages = frames * 25
      const containers = await Promise.all(
        ['a', 'b'].map((name) =>
          world.createContainer({ name, size: pages * 4096, program: fixture('storm') }),
        ),
      )

      const ends = await Promise.all(
        Array.from({ length: loci }, async (_, column) => {
          const args = { pages, operations, seed: frames + column, column }
          const locus = await world.startLocus(containers[column % 2]!, {
            name: `l${column}`,
            args,
          })
          return (await locus.result()).result as { sum: number }
        }),
      )

      t.deepEqual(
        ends.map(({ sum }) => sum),
        ends.map(() => operations),
      )
      const { reReads, recoverable } = world.counters()
      t.true(reReads > frames && recoverable > 0, `${reReads} ${recoverable}`)
    },
  )
