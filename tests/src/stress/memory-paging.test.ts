import test from 'ava'
import { runPaging } from '../support/paging.js'

test('[ME1] a frame gets a new page only when no locus can still use the old translation', async (t) => {
  const result = await runPaging({ pages: 64, frames: 6, loci: 3, rounds: 6000, seed: 1 })

  t.is(result.strangers, 0)
  t.true(result.evictions > 1000)
})

test('[ME1] reuse without acknowledgement is seen by this test', async (t) => {
  let strangers = 0
  for (let seed = 1; seed <= 20 && strangers === 0; seed++) {
    const result = await runPaging({
      pages: 64,
      frames: 6,
      loci: 3,
      rounds: 6000,
      seed,
      flaw: 'reuse',
    })
    strangers += result.strangers + result.lostWrites
  }

  t.true(strangers > 0)
})

test('[ME2] no write is lost between write-protection and the copy', async (t) => {
  const result = await runPaging({ pages: 32, frames: 5, loci: 3, rounds: 6000, seed: 2 })

  t.is(result.lostWrites, 0)
  t.true(result.evictions > 1000)
})

test('[ME2] a copy before the acknowledgement is seen by this test', async (t) => {
  let lost = 0
  for (let seed = 1; seed <= 20 && lost === 0; seed++) {
    const result = await runPaging({
      pages: 8,
      frames: 6,
      loci: 3,
      rounds: 20000,
      seed,
      flaw: 'copy',
    })
    lost += result.lostWrites
  }

  t.true(lost > 0)
})

test('[ME4] what the clock hand takes out while loci use it comes back, and never after it was removed', async (t) => {
  const result = await runPaging({ pages: 24, frames: 12, loci: 3, rounds: 8000, seed: 4 })

  t.is(result.strangers, 0)
  t.is(result.lostWrites, 0)
  t.true(result.aged > 1000)
})

test('[ME5] views of real memory stay their page’s while the manager takes pages away', async (t) => {
  const result = await runPaging({
    pages: 32,
    frames: 6,
    loci: 3,
    rounds: 3000,
    seed: 5,
    style: 'views',
  })

  t.is(result.strangers, 0)
  t.is(result.lostWrites, 0)
  t.true(result.evictions > 500)
})

test('[ME6] loci killed at random moments harm nobody else’s pages and hold nobody up', async (t) => {
  for (const style of ['words', 'views'] as const) {
    const result = await runPaging({
      pages: 32,
      frames: 6,
      loci: 5,
      rounds: 3000,
      seed: 6,
      style,
      kills: 3,
    })

    t.is(result.finished, 2)
    t.is(result.strangers, 0)
    t.is(result.lostWrites, 0)
  }
})
