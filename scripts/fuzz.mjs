/**
 * Random model-based tests over the calls of kernel, managers, page sets, containers, capabilities and loci: in the simulator, and on
 * real threads.
 *
 *   npm run fuzz -- --steps 100000 --seed 7      both: so many operations in the simulator, a fifth as many on threads
 *   npm run fuzz -- --threads --steps 20000      on threads alone; --simulator: in the simulator alone
 *   npm run fuzz -- --simulator --calls          also prints each call, its statuses and how often they were seen
 *   npm run fuzz -- --each                       one command of each kind on threads
 *   npm run fuzz -- --transactions --steps 10000 so many transactions in the simulator, beside a ledger, and nothing else
 *   npm run fuzz -- --couriers --steps 20000     so many trips between containers in the simulator, judged by what was written down
 *
 * A failure prints the seed, the commands it was shrunk to, and how to have it again. Exit code 1 then.
 */
import { parseArgs } from 'node:util'
import { fuzzSimulated } from '../tests/dist/campaign/fuzz-sim.js'
import { fuzzThreads, oneOfEachOnThreads } from '../tests/dist/campaign/fuzz-threads.js'
import { courierCourses } from '../tests/dist/invariants/courier-courses.js'
import { cutAtPromises } from '../tests/dist/invariants/promised-cuts.js'
import { interruptRecovery, mishaps } from '../tests/dist/invariants/recovery-faults.js'
import { transactionCourses } from '../tests/dist/transactions/courses.js'

const { values } = parseArgs({
  options: {
    steps: { type: 'string' },
    seed: { type: 'string' },
    threads: { type: 'boolean' },
    simulator: { type: 'boolean' },
    calls: { type: 'boolean' },
    transactions: { type: 'boolean' },
    couriers: { type: 'boolean' },
    each: { type: 'boolean' },
  },
})
const steps = Number(values.steps ?? 20_000)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
if (!Number.isSafeInteger(steps) || steps < 1 || !Number.isSafeInteger(seed)) {
  console.error('fuzz: --steps and --seed are whole numbers, --steps at least 1')
  process.exit(2)
}
const isOther = [values.transactions, values.couriers, values.each].includes(true)
const isBoth = !isOther && values.threads === values.simulator

console.log(`seed ${seed}`)
if (values.each === true)
  finish('threads', await oneOfEachOnThreads(seed), 'one command of each kind')
if (values.transactions === true) await withLedgers()
if (values.couriers === true) await withCouriers()
if (isBoth || values.simulator === true) await inTheSimulator()
if (isBoth || values.threads === true) await onThreads(isBoth ? Math.ceil(steps / 5) : steps)

async function withLedgers() {
  const told = every(5000, 'transactions')
  const result = await transactionCourses({ seed, transactions: steps }, told)
  const { transactions, courses, blows, undone, failure } = result
  const what = `${courses} courses, ${blows} kills and power cuts, ${undone} undone`
  if (failure === null) console.log(`${transactions} transactions, ${what}: as the ledgers say`)
  else {
    console.error(`after ${transactions} transactions, ${what}\n${failure}`)
    process.exitCode = 1
  }
}

async function withCouriers() {
  const result = await courierCourses({ seed, trips: steps }, every(5000, 'trips'))
  const { trips, courses, lines, blows, rollbacks, failure } = result
  const what = `${courses} courses, ${lines} lines judged, ${blows} kills and power cuts, ${rollbacks} returns`
  if (failure === null) console.log(`${trips} trips, ${what}: as was written down`)
  else {
    console.error(`after ${trips} trips, ${what}\n${failure}`)
    process.exitCode = 1
  }
  for (let n = 0; n < steps / 10_000; n++) await interrupted(seed + n)
}

/** The power cut when managers have given their word, and a recovery broken off at each thing it has the disk do. */
async function interrupted(own) {
  const { cuts, wrong } = await cutAtPromises(own, 12)
  const found = [...wrong]
  let recoveries = 0
  for (const mishap of mishaps) {
    const result = await interruptRecovery({ seed: own, every: 1, mishap })
    found.push(...result.wrong)
    recoveries += result.interrupted
  }
  console.log(`seed ${own}: ${cuts} cuts at promises, ${recoveries} recoveries broken off`)
  if (found.length === 0) return
  console.error(found.slice(0, 6).join('\n'))
  process.exitCode = 1
}

async function inTheSimulator() {
  const told = every(5000)
  const result = await fuzzSimulated({ seed, steps, onCourse: told })
  const { courses, lives, calls } = result
  if (values.calls === true)
    for (const [call, times] of [...calls].sort(([a], [b]) => (a < b ? -1 : 1)))
      console.log(`${call}\t${times}`)
  finish('simulator', result, `${courses} courses, ${lives} lives, ${calls.size} answers of calls`)
}

async function onThreads(count) {
  const result = await fuzzThreads({ seed, steps: count, onCourse: every(5000) })
  const { batches, openings, managersKilled, lociDestroyed, pasts } = result
  finish(
    'threads',
    result,
    `${batches} batches, ${openings} openings, ${managersKilled} managers killed, ${lociDestroyed} loci destroyed, ${pasts} looks at the past`,
  )
}

function finish(where, { operations, failure }, what) {
  if (failure === null) {
    console.log(`${where}: ${operations} operations, ${what}: all equal to the model`)
    return
  }
  console.error(`${where}: after ${operations} operations, ${what}\n${failure}`)
  process.exitCode = 1
}

/** Tells how far it has come, every so many milliseconds. */
function every(ms, what = 'operations') {
  let next = Date.now() + ms
  return (so) => {
    if (Date.now() < next) return
    next = Date.now() + ms
    console.log(`${so[what]} ${what}`)
  }
}
