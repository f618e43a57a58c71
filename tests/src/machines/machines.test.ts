/** Several machines: their line, their letters, and how they come back together. Everything real but the loci, which the test plays. */
import test from 'ava'
import { MachineBank } from './bank.js'

test('[SI162] what is durable on one machine becomes recoverable on another that depends on it', async (t) => {
  const bank = await MachineBank.open(1, { machines: 2, accounts: 2 })
  t.true(bank.pay('1 a0', '2 a0', 10))
  t.true(bank.settle())
  t.deepEqual(bank.problems, [])
  t.is(bank.sum(), bank.expectedSum)
})
