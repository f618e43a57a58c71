/** Rows for people: times, ratios with what they should not exceed, and what has changed since the last run. */
import type { Case } from './bench.js'
import type { Row, Summary } from './row.js'

/** A row as lines of text. `before` is the same case's row in the last run, if there was one. */
export function describe(row: Row, targets: Case['targets'], before: Row | undefined): string {
  const change = before === undefined ? '' : changeOf(row, before)
  const lines = [
    `  ${row.case} (${row.unit}, ${row.n} samples)${change}`,
    line('katydid', row.katydid, ''),
  ]
  for (const [name, peer] of Object.entries(row.peers)) {
    const ratio = row.ratio[name]!
    lines.push(line(name, peer, `${ratio.toFixed(2)} x${verdict(ratio, targets[name])}`))
  }
  return lines.join('\n')
}

function line(name: string, { min, p50, p99 }: Summary, end: string): string {
  const [least, median, high] = [min, p50, p99].map((time) => time.toPrecision(4).padStart(9))
  return `    ${name.padEnd(24)} min ${least}   p50 ${median}   p99 ${high}   ${end}`.trimEnd()
}

function verdict(ratio: number, target: number | undefined): string {
  if (target === undefined) return ''
  return ratio <= target ? ` (at most ${target}: reached)` : ` (at most ${target}: missed)`
}

/** Ratios are compared where there are any, since they hold when the machine is busy; times otherwise. */
function changeOf(row: Row, before: Row): string {
  const changes = Object.entries(row.ratio).flatMap(([name, ratio]) => {
    const old = before.ratio[name]
    return old === undefined ? [] : [`${percent(ratio, old)} against ${name}`]
  })
  if (changes.length === 0) changes.push(percent(row.katydid.p50, before.katydid.p50))
  return `, since the last run ${changes.join(', ')}`
}

function percent(now: number, before: number): string {
  const change = Math.round((now / before - 1) * 100)
  return change > 0 ? `+${change} %` : `${change} %`
}
