import test from 'ava'
import { page } from '../support/paging.js'

test('[ME1] a frame gets a new page only when no locus can still use the old translation', async (t) => {
  const result = await page({ pages: 64, frames: 6, loci: 3, rounds: 6000, seed: 1 })

  t.is(result.strangers, 0)
  t.true(result.evictions > 1000)
})

test('[ME1] reuse without acknowledgement is seen by this test', async (t) => {
  let strangers = 0
  for (let seed = 1; seed <= 20 && strangers === 0; seed++) {
    const result = await page({ pages: 64, frames: 6, loci: 3, rounds: 6000, seed, flaw: 'reuse' })
    strangers += result.strangers + result.lostWrites
  }

  t.true(strangers > 0)
})

test('[ME2] no write is lost between write-protection and the copy', async (t) => {
  const result = await page({ pages: 32, frames: 5, loci: 3, rounds: 6000, seed: 2 })

  t.is(result.lostWrites, 0)
  t.true(result.evictions > 1000)
})

test('[ME2] a copy before the acknowledgement is seen by this test', async (t) => {
  let lost = 0
  for (let seed = 1; seed <= 20 && lost === 0; seed++) {
    const result = await page({ pages: 8, frames: 6, loci: 3, rounds: 20000, seed, flaw: 'copy' })
    lost += result.lostWrites
  }

  t.true(lost > 0)
})
