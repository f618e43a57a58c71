/**
 * `npm run -s bench -- [NAME…] [--quick] [--json]`: runs the named benches, or all. With `--json` standard output has one JSON
 * object a row and nothing else, and the history is left alone; what there is to say goes to standard error.
 */
import { parseArgs } from 'node:util'
import { audit } from './audit.js'
import type { Bench } from './bench.js'
import { commit } from './commit.js'
import { containerFault } from './container-fault.js'
import { link } from './link.js'
import { lastRun, remember } from './history.js'
import { invoke } from './invoke.js'
import { pageHit } from './page-hit.js'
import { snapshotStop } from './snapshot-stop.js'
import { threads } from './threads.js'
import { describe } from './table.js'
import { takeTurns } from './take-turns.js'

const benches: readonly Bench[] = [
  pageHit,
  containerFault,
  snapshotStop,
  commit,
  invoke,
  audit,
  link,
  threads,
]
const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' } },
})
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name))
if (unknown.length > 0) {
  console.error(
    `No bench is called ${unknown.join(' or ')}. There are: ${benches.map(({ name }) => name).join(', ')}.`,
  )
  process.exitCode = 2
} else {
  for (const bench of benches)
    if (names.length === 0 || names.includes(bench.name)) await run(bench)
}

async function run(bench: Bench): Promise<void> {
  const quick = options.quick ?? false
  const json = options.json ?? false
  const before = lastRun(quick)
  if (!json) console.log(`${bench.name}: ${bench.question}`)
  await bench.run({ quick, say: (sentence) => console.error(sentence) }, async (each) => {
    const row = await takeTurns(bench.name, each)
    if (json) return console.log(JSON.stringify(row))
    console.log(describe(row, each.targets, before.get(`${row.bench}/${row.case}`)))
    remember(row, quick)
  })
}
