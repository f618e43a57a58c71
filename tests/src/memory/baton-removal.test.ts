/**
 * M1 step by step: no order of steps lets a locus use a frame after it serves another page, and each turned order does. The
 * baton is sequentially consistent; what only a weaker memory shows (coming back without reading `gen`) is a model's business.
 */
import { createBaton } from '@katydid/actor'
import test from 'ava'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { smallMachine } from '../support/small-machine.js'
import type { Flaw, RemovalWork } from '../support/removal-work.js'

/** How many of `seeds` orders end with a locus reading what it should not. */
async function strangers(flaw: Flaw, seeds: number): Promise<number> {
  const { region, table } = smallMachine(4, 4)
  const baton = createBaton(2)
  const said = await Promise.all(
    [0, 1].map(async (thread) => {
      const work: RemovalWork = { region: region.handle, baton, table, thread, flaw, seeds }
      const worker = new Worker(new URL('../support/baton-removal.worker.js', import.meta.url), {
        workerData: work,
      })
      const [count] = (await once(worker, 'message')) as [number]
      await worker.terminate()
      return count
    }),
  )
  return said[0]!
}

test('[ME1] no order of steps lets a locus use a frame that serves another page', async (t) => {
  t.is(await strangers('none', 500), 0)
})

for (const flaw of [
  'no wait',
  'running stored last',
  'states read before the generation is raised',
] as const) {
  test(`[ME1] with the flaw «${flaw}» some order does`, async (t) => {
    t.true((await strangers(flaw, 500)) > 0)
  })
}
