import test from 'ava'
import { pageMapped } from '../support/mapped-paging.js'

for (const style of ['words', 'views'] as const)
  test(`[ME15] through mappings too a frame gets a new page only when no locus can use the old translation, and no write is lost: ${style}`, async (t) => {
    const result = await pageMapped({ pages: 48, frames: 6, rounds: 1500, seed: 1, style })

    t.is(result.strangers, 0)
    t.is(result.lostWrites, 0)
    t.is(result.wrongTraps, 0)
    t.true(result.evictions > 500, `${result.evictions} evictions`)
  })

test('[ME15] a locus that does not say that it uses what is mapped is seen by this test', async (t) => {
  let wrong = 0
  for (let seed = 1; seed <= 20 && wrong === 0; seed++) {
    const run = { pages: 48, frames: 6, rounds: 1500, seed, style: 'views' } as const
    const result = await pageMapped({ ...run, flaw: 'unattached' })
    wrong += result.strangers + result.lostWrites
  }

  t.true(wrong > 0)
})
