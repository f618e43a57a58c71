/** A bank of containers whose loci invoke one another, killed at random. The long campaign is `npm run bank`. */
import test from 'ava'
import { judgeBooks, type Audit } from '../campaign/bank-books.js'
import { bank } from '../campaign/bank.js'

test('[SI58] money that moves between containers is neither made nor lost, whatever is killed, and no return costs more than two epochs, unless the line is said to lag', async (t) => {
  const { wrong, audits, returns } = await bank({
    minutes: 0.2,
    containers: 8,
    loci: 3,
    seed: 28,
    lifeMs: 3000,
    insideMs: 700,
  })

  t.deepEqual(wrong, [])
  t.true(audits >= 2, `${audits}`)
  t.true(returns.length >= 2)
})

test('[SI58] the books of kept lines agree, read from their snapshots while the bank goes on and threads are killed', async (t) => {
  const options = { minutes: 0.15, containers: 8, loci: 3, seed: 5, insideMs: 3000, leastLines: 2 }
  const { wrong, lines } = await bank(options)

  t.deepEqual(wrong, [])
  t.true(lines.read >= 2, `${lines.read} lines were read, ${lines.unread} not to their end`)
})

test('[SI215] a copy of a killed bank’s directory, back at a kept line, has the books of that line, with all that was acknowledged before it', async (t) => {
  const options = { minutes: 0.1, containers: 8, loci: 3, seed: 12, lifeMs: 4000, insideMs: 1500 }
  const { wrong, copies, kills } = await bank({ ...options, copiesALife: 2, leastCopies: 3 })

  t.deepEqual(wrong, [])
  t.true(copies.read >= 3, `${copies.read} lines were read, ${copies.unread} were given up before`)
  t.true(kills.process >= 2)
})

const whole: Audit = {
  books: [{ money: -5, done: 0, book: [[-5, 1]] }],
  ledgers: [{ money: 5, done: 3, book: [[-5, 1]] }],
}
const nothing = { done: [], visitors: 0 }

test('[SI58] the judge of the books finds money made, an entry that one side does not know, and a promise that was not kept', (t) => {
  const [book] = whole.books
  const richer: Audit = { ...whole, books: [{ ...book!, money: 0 }] }
  const once: Audit = { ...whole, books: [{ ...book!, book: [[-5, 2]] }] }

  t.deepEqual(judgeBooks(whole, { done: [3], visitors: 3 }), [])
  t.regex(judgeBooks(richer, nothing).join(), /all money is 5/)
  t.regex(judgeBooks(once, nothing).join(), /-5 in 2 entries of clerk 0/)
  t.regex(judgeBooks(whole, { done: [4], visitors: 0 }).join(), /4 were recoverable/)
  t.regex(judgeBooks(whole, { done: [], visitors: 4 }).join(), /ends of 4/)
})
