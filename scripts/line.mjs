/**
 * The engine of the recoverable line beside three other algorithms and the truth, on random histories.
 *
 *   npm run line -- --histories 100000 --seed 7    so many histories; a minute or two
 *   npm run line -- --seed 7 --path 12:0:3         one failure again, as its report says
 *   npm run line -- --table --only comb            the row of one stream; without --only, of all
 *   npm run line -- --table --limit 10             inspections a dependency of each engine on named streams, at most so many seconds of a processor each
 *
 * A failure prints the seed, the path and the history it was shrunk to. Exit code 1 then.
 */
import { parseArgs } from 'node:util'
import { lineCampaign } from '../tests/dist/campaign/line-campaign.js'
import { lineTable } from '../tests/dist/campaign/line-table.js'

const { values } = parseArgs({
  options: {
    histories: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
    table: { type: 'boolean' },
    limit: { type: 'string' },
    only: { type: 'string' },
  },
})
const histories = Number(values.histories ?? 10_000)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const limit = Number(values.limit ?? 10)
if (
  !Number.isSafeInteger(histories) ||
  histories < 1 ||
  !Number.isSafeInteger(seed) ||
  !(limit > 0)
) {
  console.error(
    'line: --histories and --seed are whole numbers, --histories at least 1; --limit is a number of seconds above 0',
  )
  process.exit(2)
}

if (values.table === true) await table()
else campaign()

function campaign() {
  console.log(`seed ${seed}`)
  const began = Date.now()
  let next = began + 5000
  const { failure, ...counts } = lineCampaign({
    histories,
    seed,
    path: values.path,
    onHistory(soFar) {
      if (Date.now() < next) return
      next = Date.now() + 5000
      console.log(`${soFar.histories} histories`)
    },
  })
  console.log(`${JSON.stringify(counts)} in ${((Date.now() - began) / 1000).toFixed(0)} s`)
  if (failure === null) {
    console.log('all engines equal to each other and to the truth, after every point')
    return
  }
  console.error(failure)
  process.exitCode = 1
}

async function table() {
  let isFirst = true
  for await (const { stream, points, dependencies, cells } of lineTable(
    limit * 1000,
    values.only,
  )) {
    if (isFirst) {
      const names = ['stream', 'points', 'dependencies', ...cells.map(({ engine }) => engine)]
      console.log(`| ${names.join(' | ')} | µs a point |\n|${' --- |'.repeat(names.length + 1)}`)
    }
    isFirst = false
    const texts = cells.map(
      ({ inspections, isStopped }) => `${isStopped ? 'stopped ' : ''}${figure(inspections)}`,
    )
    const last = cells.at(-1).microsecondsPerPoint.toFixed(1)
    console.log(`| ${[stream, whole(points), whole(dependencies), ...texts, last].join(' | ')} |`)
  }
}

function figure(number) {
  return number < 100 ? number.toFixed(1) : whole(number)
}

function whole(number) {
  return Math.round(number).toLocaleString('en-US')
}
