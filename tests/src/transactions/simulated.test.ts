/** Random transactions of several loci in the simulator: real kernel, manager and disk. */
import test from 'ava'
import { transactionCourses } from './courses.js'
import { Ledger } from './ledger.js'
import { smallCourse, TransactionWorld, type Course } from './sim-transactions.js'

test('[TX3] random transactions have the effect of some serial order, and no update is lost', async (t) => {
  const ends = new Map<string, number>()
  for (let seed = 1; seed <= 12; seed++) {
    const ledger = new Ledger()
    const run = new TransactionWorld(seed, ledger, smallCourse)
    await run.begin()
    const wrong = await run.finish()

    t.deepEqual(wrong, [], `seed ${seed}`)
    t.is(ledger.of('l0').length, smallCourse.transactions)
    for (const [end, count] of ledger.ends) ends.set(end, (ends.get(end) ?? 0) + count)
  }
  for (const end of ['open', 'conflict', 'timed_out']) t.true((ends.get(end) ?? 0) > 0, end)
})

test('[TX1] a process killed at any step leaves each transaction whole or not at all, and its registers say which', async (t) => {
  const course = { ...smallCourse, transactions: 5 }
  const steps = await stepsOf(7, course)
  let [kills, undone] = [0, 0]
  for (let at = 1; at < steps; at += Math.ceil(steps / 40)) {
    const ledger = new Ledger()
    const killed = new TransactionWorld(7, ledger, course)
    await killed.begin()
    for (let step = 0; step < at; step++) killed.world.sim.step()
    const again = new TransactionWorld(at, ledger, course, killed.world.remains())
    again.bank = killed.bank
    await again.world.open()
    const wrong = await again.finish()

    kills++
    undone += ledger.entries.filter(({ state }) => state === 'gone').length
    t.deepEqual(wrong, [], `killed at step ${at} of ${steps}`)
  }
  t.true(kills >= 30 && undone > kills, `${kills} kills, ${undone} transactions undone`)
})

test('[TX1] managers and loci killed on the way, at any message, leave transactions whole or not at all', async (t) => {
  const course = { ...smallCourse, transactions: 20 }
  let [rollbacks, undone] = [0, 0]
  for (let seed = 1; seed <= 16; seed++) {
    const ledger = new Ledger()
    const run = new TransactionWorld(seed, ledger, course)
    const { world } = run
    await run.begin()
    for (let kill = 0; kill < 3; kill++) {
      world.until(() => run.isDone, 5 + world.random.below(80))
      world.until(() => world.phase === 'open')
      const [locus] = world.lociPorts()
      const [manager] = world.others
      if (kill === seed % 3 && locus !== undefined) world.killLocus(locus)
      else if (manager !== undefined) world.killManager('killed on purpose', manager)
      world.run(20)
    }
    const wrong = await run.finish()

    rollbacks += world.of('rollback').length
    undone += ledger.entries.filter(({ state }) => state === 'gone').length
    t.deepEqual(wrong, [], `seed ${seed}`)
  }
  t.true(rollbacks >= 20 && undone > 20, `${rollbacks} rollbacks, ${undone} undone`)
})

test('[TX11] over power cuts and kills what was acknowledged stays, and each other transaction is whole or not there', async (t) => {
  const result = await transactionCourses({ seed: 2026, transactions: 1500 })

  t.is(result.failure, null)
  t.true(result.blows > 20 && result.undone > 20, JSON.stringify(result))
})

test('[TX13] a container that was only read becomes recoverable with what was read of it', async (t) => {
  // A course that once waited for ever: nothing had happened in the bank since its point, but for being read.
  const { failure } = await transactionCourses({ seed: 31689, transactions: 1 })

  t.is(failure, null)
})

/** Steps that a whole course takes. */
async function stepsOf(seed: number, course: Course): Promise<number> {
  const run = new TransactionWorld(seed, new Ledger(), course)
  await run.begin()
  const { sim } = run.world
  const before = sim.steps
  run.world.until(() => run.isDone)
  return sim.steps - before
}
