/** CH: the litmus tests on real threads of one machine: what plain accesses may show, and atomic ones never do. */
import test from 'ava'
import { runLitmus } from '../coherence/litmus-threads.js'
import { litmusNames } from '../coherence/litmus.js'

test('[CH31] with plain accesses the harness sees store buffering, and never anything incoherent', async (t) => {
  // How soon it shows is the processor's and the scheduler's affair.
  for (let tries = 0, seen = 0; seen === 0; tries++) {
    const { relaxed, incoherent } = await runLitmus('store buffering', 'plain', 50_000)
    t.is(incoherent, 0)
    for (const [outcome, count] of relaxed) {
      t.is(outcome, '[[0],[0]]')
      seen += count
    }
    t.true(tries < 40, 'no store buffering in 2,000,000 runs')
    if (seen > 0) t.log(`${seen} in ${(tries + 1) * 50_000}`)
  }
})

test('[CH32] with atomic accesses no litmus test shows an outcome that no interleaving gives', async (t) => {
  for (const name of litmusNames) {
    const { relaxed, kinds } = await runLitmus(name, 'atomic', 50_000)

    t.deepEqual([...relaxed], [], name)
    // They met: not all runs ended alike.
    t.true(kinds > 1, name)
  }
})
