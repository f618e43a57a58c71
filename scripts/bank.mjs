/**
 * A bank of many containers under random kills, on real threads: transfers by nested invocations, the process, its manager and its loci killed
 * at random moments, the books read and judged after each return to the line.
 *
 *   npm run bank -- --minutes 10 --containers 64 --loci 8 --seed 7
 *                                                               and, for a quarter of that, a small bank of which lines are read while it goes on;
 *                                                               after each life two of the large bank's kept lines are read, on copies
 *   npm run bank -- --minutes 0.5 --calm --snapshot-every 50    without kills, for the rate; 0: without captures
 *   npm run bank -- --levels --minutes 2                        tellers of each quality of service by turns: what a loss costs, as a table
 *   npm run bank -- --machines 16 --minutes 10                  a world of so many machines, which are killed, with their parts and clerks
 *   npm run bank -- --processes 3 --minutes 10                  the same, each machine in a process of its own; SIGKILL and SIGSTOP besides
 *
 * Fails when money is made or lost, when what was reported recoverable is not there, or when the world does not open. `--told FILE` keeps
 * all that the process told.
 */
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { bank } from '../tests/dist/campaign/bank.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    containers: { type: 'string' },
    loci: { type: 'string' },
    seed: { type: 'string' },
    calm: { type: 'boolean' },
    'snapshot-every': { type: 'string' },
    told: { type: 'string' },
    levels: { type: 'boolean' },
    machines: { type: 'string' },
    processes: { type: 'string' },
  },
})
const minutes = Number(values.minutes ?? 1)
const containers = Number(values.containers ?? 64)
const loci = Number(values.loci ?? 8)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const every = values['snapshot-every']
const machines = Number(values.machines ?? values.processes ?? 1)
if (
  !(minutes > 0) ||
  ![containers, loci, seed, machines, Number(every ?? 0)].every(Number.isSafeInteger)
) {
  console.error('bank: --minutes is a number above 0, all others are whole numbers')
  process.exit(2)
}
if (machines > 1) {
  const { runMachines } = await import('./machines-bank.mjs')
  const apart = values.processes !== undefined
  process.exit(await runMachines({ minutes, seed, machines, apart, told: values.told }))
}
if (values.levels === true) {
  const { runLevels } = await import('./bank-levels.mjs')
  process.exit(await runLevels({ minutes, told: values.told }))
}
const file = values.told === undefined ? null : fs.openSync(values.told, 'w')
console.log(`seed ${seed}\nsecond\tcaptured\tline\tepochs lost\ttransfers lost\twhy`)
const result = await bank({
  minutes,
  containers,
  loci,
  seed,
  calm: values.calm === true,
  copiesALife: values.calm === true ? 0 : 2,
  ...(every === undefined ? {} : { snapshotEveryMs: Number(every) }),
  onReturn: ({ second, captured, line, lost, transfersLost, why }) =>
    console.log([second, captured, line, lost, transfersLost, why].join('\t')),
  onTold: (line) => file !== null && fs.writeSync(file, `${line}\n`),
})
// Lines are read while a bank goes on; of a large one that takes too long, so a small one follows it.
const small =
  values.calm === true || containers <= 16
    ? null
    : await bank({ minutes: minutes / 4, containers: 8, loci: 3, seed })
const lines = (small ?? result).lines
const {
  returns,
  audits,
  kills,
  acknowledged,
  epochs,
  refused,
  lagMax,
  lagMean,
  lags,
  drains,
  callsASecond,
} = result
const wrong = [...result.wrong, ...(small?.wrong ?? []).map((each) => `the small bank: ${each}`)]
const mean = (of) =>
  (returns.reduce((sum, each) => sum + of(each), 0) / Math.max(1, returns.length)).toFixed(2)
const spread = new Map()
for (const { lost } of returns) spread.set(lost, (spread.get(lost) ?? 0) + 1)
const table = [
  ['kills of the process, managers, loci', `${kills.process}, ${kills.manager}, ${kills.clerk}`],
  ['returns to the line', returns.length],
  ['books read', audits],
  [
    `lines read while the ${small === null ? '' : 'small '}bank went on, ms each, not to the end`,
    `${lines.read}, ${Math.round(lines.meanMs)}, ${lines.unread}`,
  ],
  [
    'kept lines read on a copy that went back, ms each, given up before',
    `${result.copies.read}, ${Math.round(result.copies.meanMs)}, ${result.copies.unread}`,
  ],
  ['epochs', epochs],
  [
    'epochs lost a return, mean and most',
    `${mean(({ lost }) => lost)}, ${Math.max(0, ...returns.map(({ lost }) => lost))}`,
  ],
  [
    'returns by epochs lost',
    [...spread]
      .sort(([a], [b]) => a - b)
      .map(([lost, n]) => `${lost}: ${n}`)
      .join(', '),
  ],
  ['transfers lost a return, mean', mean(({ transfersLost }) => transfersLost)],
  ['epochs that the line is behind, mean and most', `${lagMean.toFixed(2)}, ${lagMax}`],
  ['times that the line was said to lag', lags],
  [
    'drains, the longest in ms, given up',
    `${drains.count}, ${Math.round(drains.maxMs)}, ${drains.givenUp}`,
  ],
  ['snapshots acknowledged, refused', `${acknowledged.snapshots}, ${refused}`],
  ['ends of visitors acknowledged', acknowledged.visitors],
  ['invocations a second', Math.round(callsASecond)],
]
console.log('')
for (const row of table) console.log(row.join('\t'))
for (const each of wrong) console.error(`bank: ${each} (seed ${seed})`)
console.log(wrong.length === 0 ? 'no money made or lost, nothing missing' : 'wrong')
process.exitCode = wrong.length === 0 ? 0 : 1
