/** `npm run bank -- --levels`: the bank with tellers of each quality of service by turns, for the same time; one line a level, as data. */
import fs from 'node:fs'
import { serviceLevels } from '../packages/abi/dist/index.js'
import { runLevel } from '../tests/dist/campaign/levels.js'

const columns = [
  ['level', ({ level }) => level],
  ['transfers a second', ({ transfersASecond }) => transfersASecond.toFixed(0)],
  ['durable answer, ms, p50', ({ durableMs }) => quantile(durableMs, 0.5).toFixed(1)],
  ['p90', ({ durableMs }) => quantile(durableMs, 0.9).toFixed(1)],
  ...['clerk', 'manager', 'aside'].flatMap((after) => [
    [`${after}: lost`, ({ returns }) => of(returns, after).length],
    ['went back', ({ returns }) => mean(of(returns, after), 'moved')],
    ['dragged', ({ returns }) => mean(of(returns, after), 'dragged')],
    ['tills', ({ returns }) => mean(of(returns, after), 'tills')],
    ['intervals', ({ returns }) => mean(of(returns, after), 'intervals')],
    ['ms of work', ({ returns, transfersASecond }) => msOf(of(returns, after), transfersASecond)],
  ]),
  ['whole world', ({ returns }) => returns.filter(({ whole }) => whole).length],
  ['not logged', ({ notLogged }) => [...notLogged.values()].reduce((sum, n) => sum + n, 0)],
  ['differed', ({ differed }) => differed],
]

/** Answers the code to exit with. */
export async function runLevels({ minutes, told }) {
  const file = told === undefined ? null : fs.openSync(told, 'w')
  const onTold = (line) => file !== null && fs.writeSync(file, `${line}\n`)
  console.log(columns.map(([name]) => name).join('\t'))
  let wrong = 0
  for (const level of serviceLevels) {
    const seconds = (minutes * 60) / serviceLevels.length
    const result = await runLevel({ level, seconds, tellers: 8, clerks: 4, dated: 50, onTold })
    console.log(columns.map(([, value]) => value(result)).join('\t'))
    for (const each of result.wrong) console.error(`bank: ${level}: ${each}`)
    wrong += result.wrong.length
  }
  return wrong === 0 ? 0 : 1
}

function of(returns, after) {
  return returns.filter((each) => each.after === after)
}

function mean(returns, field) {
  if (returns.length === 0) return '-'
  return (returns.reduce((sum, each) => sum + each[field], 0) / returns.length).toFixed(1)
}

/** Transfers made again, as the time in which the bank makes so many. */
function msOf(returns, aSecond) {
  if (returns.length === 0) return '-'
  const transfers = returns.reduce((sum, each) => sum + each.transfers, 0) / returns.length
  return ((1000 * transfers) / aSecond).toFixed(0)
}

function quantile(list, part) {
  const sorted = list.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN
}
