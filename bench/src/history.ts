/** The rows of earlier runs, one JSON object a line in a file that git ignores. */
import fs from 'node:fs'
import type { Row } from './row.js'

const file = new URL('../history.ndjson', import.meta.url)

/** The last row of each case, by `bench/case`; quick runs are compared with quick runs. A line that does not read is passed over. */
export function lastRun(quick: boolean): Map<string, Row> {
  const rows = new Map<string, Row>()
  if (!fs.existsSync(file)) return rows
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const row = parse(line)
    if (row !== null && row.quick === quick) rows.set(`${row.bench}/${row.case}`, row)
  }
  return rows
}

/** Adds a row to the history. */
export function remember(row: Row, quick: boolean): void {
  fs.appendFileSync(file, `${JSON.stringify({ ...row, quick, at: new Date().toISOString() })}\n`)
}

function parse(line: string): (Row & { quick: boolean }) | null {
  try {
    return JSON.parse(line) as Row & { quick: boolean }
  } catch {
    return null
  }
}
