/** A process killed by SIGKILL while loci commit: what each was told is there afterwards, and nothing is there by half. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture } from '../support/worlds.js'

interface Audit {
  readonly money: number
  readonly entries: number
  readonly counts: readonly number[]
}

/** The first and the last transfer that a clerk was told is for good. */
interface Span {
  readonly first: number
  readonly last: number
}

const clerks = 4
const accounts = 12
const transfers = 40

/** Runs the process until it has told so many acknowledgements, kills it then, and answers what was told, and the audit if there was one. */
async function life(
  dir: string,
  killAfter: number,
): Promise<{ told: Map<number, Span>; audit: Audit | null; complaint: string }> {
  const job = JSON.stringify({ accounts, clerks, transfers })
  const child = spawn(process.execPath, [fixture('tx-kill-child'), dir, job], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close')
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const told = new Map<number, Span>()
  let audit: Audit | null = null
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [, seed, done] = /^acknowledged (\d+) (\d+)$/.exec(line) ?? []
    if (seed !== undefined)
      told.set(Number(seed), {
        first: told.get(Number(seed))?.first ?? Number(done),
        last: Number(done),
      })
    else if (line.includes('audit')) audit = (JSON.parse(line) as { audit: Audit }).audit
    if (seed !== undefined && ++lines === killAfter) child.kill('SIGKILL')
  }
  await exited
  return { told, audit, complaint }
}

test('[TX11] what was acknowledged survives SIGKILL, and what was not is whole or not there', async (t) => {
  const dir = temporaryFolder(t)
  const acknowledged = new Map<number, number>()
  let kills = 0
  for (const killAfter of [7, 1, 23, 40, 12]) {
    const { told, audit, complaint } = await life(dir, killAfter)
    if (audit === null) kills++
    for (const [seed, { first, last }] of told) {
      // Nothing that was acknowledged in an earlier life is done again.
      t.true(
        first > (acknowledged.get(seed) ?? 0),
        `clerk ${seed} begins at ${first}; ${complaint}`,
      )
      acknowledged.set(seed, last)
    }
  }

  const { audit, complaint } = await life(dir, Infinity)

  t.is(kills, 5)
  t.not(audit, null, complaint)
  t.deepEqual(audit, {
    money: 0,
    entries: clerks * transfers,
    counts: Array.from({ length: clerks }, () => transfers),
  })
})
