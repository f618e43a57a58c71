/**
 * The campaign over machines, in the simulator: worlds of eight whole machines whose loci work and invoke each other, while wires, disks, actors and machines fail. After each
 * seed the invariants are looked at, against what the test itself has written down.
 *
 *   npm run sim -- --seeds 10000              so many seeds on all processors, from 1 on; --from S: from S on
 *   npm run sim -- --seed S                   one seed again, as it is told of a failure, with what happened
 *   npm run sim -- --machines 3 --seeds 100   with another number of machines
 *
 * A failing seed prints what was wrong and how to have it again; the others go on. Exit code 1 then.
 */
import { fork } from 'node:child_process'
import os from 'node:os'
import { parseArgs } from 'node:util'
import { campaignSeed } from '../tests/dist/machines/campaign.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    machines: { type: 'string' },
    part: { type: 'string' },
    of: { type: 'string' },
  },
})
const seeds = number('seeds', 100, 1)
const from = number('from', 1, 0)
const machines = number('machines', 8, 2)
const again = (seed) =>
  `npm run sim -- --seed ${seed}${machines === 8 ? '' : ` --machines ${machines}`}`

if (values.seed !== undefined) await one(number('seed', 1, 0))
else if (values.part !== undefined) await part(number('part', 0, 0), number('of', 1, 1))
else await campaign()

/** One seed, with its story. */
async function one(seed) {
  const tell = (what) => console.log(what)
  const { problems, operations, steps, traceHash } = await campaignSeed(seed, { machines }, tell)
  console.log(`${operations} operations in ${steps} steps, trace ${traceHash}`)
  console.log(problems.length === 0 ? `seed ${seed}: nothing wrong` : problems.join('\n'))
  process.exitCode = problems.length === 0 ? 0 : 1
}

/** In a process of its own: each so many-th seed. */
async function part(first, step) {
  for (let seed = from + first; seed < from + seeds; seed += step)
    process.send({ seed, ...(await outcomeOf(seed)) })
  process.disconnect()
}

async function outcomeOf(seed) {
  try {
    const { problems, operations, steps, seen } = await campaignSeed(seed, { machines })
    return { problems, operations, steps, seen: [...seen] }
  } catch (error) {
    return { problems: [String(error?.stack ?? error)], operations: 0, steps: 0, seen: [] }
  }
}

async function campaign() {
  const began = Date.now()
  const sums = { seeds: 0, operations: 0, steps: 0 }
  const seen = new Map()
  const wrong = []
  let next = began + 5000
  const hear = ({ seed, problems, operations, steps, seen: kinds }) => {
    sums.seeds++
    sums.operations += operations
    sums.steps += steps
    for (const [kind, times] of kinds) seen.set(kind, (seen.get(kind) ?? 0) + times)
    if (problems.length > 0) {
      wrong.push(seed)
      console.error(`seed ${seed}: ${problems.slice(0, 5).join('\n  ')}\n  again: ${again(seed)}`)
    }
    if (Date.now() < next) return
    next = Date.now() + 5000
    console.log(`${sums.seeds} seeds, ${wrong.length} wrong, after ${seconds(began)} s`)
  }
  const processes = Math.min(seeds, os.availableParallelism())
  const codes = await Promise.all(
    Array.from({ length: processes }, (_, nth) => partOf(nth, processes, hear)),
  )
  console.log('what was done and what befell, and how often:')
  for (const kind of [...seen.keys()].toSorted((a, b) => a.localeCompare(b)))
    console.log(`  ${kind}\t${seen.get(kind)}`)
  console.log(`${JSON.stringify(sums)} in ${seconds(began)} s`)
  const isWhole = sums.seeds === seeds && codes.every((code) => code === 0)
  if (!isWhole) console.error(`only ${sums.seeds} of ${seeds} seeds came to an end`)
  console.log(wrong.length === 0 ? 'nothing wrong' : `wrong: ${wrong.join(', ')}`)
  process.exitCode = wrong.length === 0 && isWhole ? 0 : 1
}

function partOf(nth, of, hear) {
  const args = ['--part', String(nth), '--of', String(of)]
  const child = fork(new URL(import.meta.url), [...process.argv.slice(2), ...args])
  child.on('message', hear)
  return new Promise((resolve) => {
    child.on('close', resolve)
  })
}

function number(name, otherwise, least) {
  const value = Number(values[name] ?? otherwise)
  if (!Number.isSafeInteger(value) || value < least) {
    console.error(`sim: --${name} is a whole number of at least ${least}, not ${values[name]}`)
    process.exit(2)
  }
  return value
}

function seconds(began) {
  return ((Date.now() - began) / 1000).toFixed(0)
}
