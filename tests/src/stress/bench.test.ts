/**
 * The quick benches, run as anybody runs them: the form of their rows, and ratios within guards about twice as wide as what is
 * reached, so that a fall by half is seen and a busy machine is not.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { root } from '../support/house.js'

interface Summary {
  readonly min: number
  readonly p50: number
  readonly p99: number
}

interface Row {
  readonly bench: string
  readonly case: string
  readonly unit: string
  readonly katydid: Summary
  readonly peers: Readonly<Record<string, Summary>>
  readonly ratio: Readonly<Record<string, number>>
  readonly n: number
  readonly node: string
  readonly cores: number
}

const fields = ['bench', 'case', 'unit', 'katydid', 'peers', 'ratio', 'n', 'node', 'cores']

test.serial('[SP1] [SP2] reads and writes of resident pages stay near a plain array', async (t) => {
  const rows = await bench(t, 'page-hit')

  within(t, rows, {
    'read-seq-i32': { raw: 5, 'bare-check': 3 },
    'write-seq-i32': { raw: 5.5 },
    'read-random-i32': { raw: 5 },
    'each-page-read': { raw: 2.2 },
    'each-page-read-64k': { raw: 2 },
  })
})

test.serial('[SP1] [SP3] a fault stays near a round trip and a copy', async (t) => {
  const rows = await bench(t, 'container-fault')

  within(t, rows, {
    'parked-resident': { 'round-trip-and-copy': 3 },
    oversubscribed: { blocking: 3 },
  })
})

test.serial('[SP1] [SP4] a capture holds the loci no longer when much is resident', async (t) => {
  const rows = await bench(t, 'snapshot-stop')

  within(t, rows, { 'held-1GiB': { 'held-16MiB': 5 }, 'held-1000-dirty': { 'held-100-dirty': 5 } })
})

test.serial(
  '[SP1] [SP5] commits that are waited for at the same time share what they cost',
  async (t) => {
    const rows = await bench(t, 'commit')

    within(t, rows, { 'eight-loci': { 'one-locus': 1 } })
  },
)

test.serial(
  '[SP1] a bench nobody knows is refused with the names of those there are',
  async (t) => {
    const { code, output, errors } = await run('no-such-bench', '--json')

    t.is(code, 2)
    t.is(output, '')
    t.regex(errors, /no-such-bench.*page-hit/)
  },
)

/** Runs a bench and holds every line it prints against the form of a row. */
async function bench(t: ExecutionContext, name: string): Promise<Map<string, Row>> {
  t.timeout(170_000)
  const { code, output, errors } = await run(name, '--quick', '--json')
  t.is(code, 0, errors)
  const rows = output.trimEnd().split('\n')
  return new Map(
    rows.map((line) => {
      const row = JSON.parse(line) as Row
      formOf(t, row)
      t.is(row.bench, name)
      return [row.case, row]
    }),
  )
}

function formOf(t: ExecutionContext, row: Row): void {
  t.deepEqual(Object.keys(row), fields)
  t.true(['ns', 'us', 'ms'].includes(row.unit))
  t.true(Number.isInteger(row.n) && row.n > 0)
  t.is(row.node, process.version)
  t.true(row.cores >= 1)
  for (const { min, p50, p99 } of [row.katydid, ...Object.values(row.peers)])
    t.true(min > 0 && min <= p50 && p50 <= p99, `${row.case}: ${min}, ${p50}, ${p99}`)
  t.deepEqual(Object.keys(row.ratio), Object.keys(row.peers))
  for (const [peer, ratio] of Object.entries(row.ratio))
    t.true(Math.abs(ratio / (row.katydid.p50 / row.peers[peer]!.p50) - 1) < 0.01)
}

function within(
  t: ExecutionContext,
  rows: ReadonlyMap<string, Row>,
  guards: Readonly<Record<string, Readonly<Record<string, number>>>>,
): void {
  for (const [name, peers] of Object.entries(guards)) {
    for (const [peer, most] of Object.entries(peers)) {
      const ratio = rows.get(name)?.ratio[peer]
      t.true(ratio !== undefined && ratio <= most, `${name}: ${ratio} times ${peer}, not ${most}`)
    }
  }
}

async function run(
  ...args: string[]
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [path.join(root, 'bench/dist/main.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, output, errors }
}
