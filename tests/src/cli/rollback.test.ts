/** `katydid snapshots` and `katydid rollback`, as processes of their own, over a world that was run by the command. */
import test, { type ExecutionContext } from 'ava'
import fs from 'node:fs'
import path from 'node:path'
import { openWorld } from 'katydid'
import { katydid } from '../support/command.js'
import { temporaryFolder } from '../support/folders.js'
import { fixture } from '../support/worlds.js'

const pages = 4

/** A closed world in `w` whose container was written three times; answers the kept lines. */
async function made(t: ExecutionContext): Promise<{ folder: string; lines: readonly number[] }> {
  const folder = temporaryFolder(t)
  const dir = path.join(folder, 'w')
  const world = await openWorld({ dir, retain: 3, snapshotEveryMs: 0, retainEveryMs: 1_000_000 })
  const lines: number[] = []
  try {
    for (const version of [1, 2, 3]) {
      const book = await world.createContainer({
        name: 'book',
        size: 65536,
        program: fixture('past-pages'),
      })
      const args = { deed: 'write', version, pages }
      await (await world.startLocus(book, { name: `write ${version}`, args })).result()
      lines.push(await world.snapshot())
    }
  } finally {
    await world.close()
  }
  return { folder, lines }
}

test.serial(
  '[WO64] snapshots lists the kept lines, and of each snapshot which of them it belongs to',
  async (t) => {
    const { folder, lines } = await made(t)

    const text = await katydid(folder, 'snapshots', 'w')
    const json = JSON.parse((await katydid(folder, 'snapshots', 'w', '--json')).stdout) as {
      lines: { line: number; members: { container: string; snapshot: number }[] }[]
      points: { container: string; retained: { stateInterval: number; lines: number[] }[] }[]
    }

    t.is(text.status, 0, text.stderr)
    for (const line of lines.slice(1))
      t.regex(text.stdout, new RegExp(`^line ${line}: kept 20`, 'm'))
    t.regex(text.stdout, / {2}book at interval \d+, snapshot \d+\n/)
    t.regex(text.stdout, /line, taken .*, of kept line /)
    const { retained } = json.points.find(({ container }) => container === 'book')!
    for (const { line, members } of json.lines) {
      const { snapshot } = members.find(({ container }) => container === 'book')!
      const found = retained.find(({ stateInterval }) => stateInterval === snapshot)
      t.true(found?.lines.includes(line), `line ${line}`)
    }
  },
)

test.serial(
  '[WO65] rollback shows what goes and what is not undone, asks, and does it only when told to',
  async (t) => {
    const { folder, lines } = await made(t)
    const to = `${lines[1]!}`

    const dry = await katydid(folder, 'rollback', 'w', '--to', to, '--dry-run')
    const asked = await katydid(folder, 'rollback', 'w', '--to', to)
    const before = await katydid(folder, 'status', 'w', '--json')
    const done = await katydid(folder, 'rollback', 'w', '--to', to, '--yes')
    const after = await katydid(folder, 'status', 'w', '--json')
    const json = await katydid(folder, 'rollback', 'w', '--to', to, '--yes', '--json')

    t.is(dry.status, 0, dry.stderr)
    t.regex(dry.stdout, /^container book: goes back, from interval 3 to 2$/m)
    t.regex(dry.stdout, /^locus write 3 in container book: is gone/m)
    t.regex(dry.stdout, /^not undone: locus “write 3” has ended \(ok\), and that was told/m)
    t.regex(dry.stdout, /^not undone: captures .* told as recoverable$/m)
    t.regex(dry.stdout, /nothing was changed\n$/)
    t.is(asked.status, 1)
    t.regex(asked.stderr, /^katydid: Nothing was changed: [^\n]*--yes[^\n]* \[bad_argument\]\n$/)
    const lociOf = (text: string): string[] =>
      (JSON.parse(text) as { loci: { name: string }[] }).loci.map(({ name }) => name).sort()
    t.deepEqual(lociOf(before.stdout), ['write 1', 'write 2', 'write 3'])
    t.is(done.status, 0, done.stderr)
    t.regex(done.stdout, new RegExp(`world w: is at line ${to}\n$`))
    t.deepEqual(lociOf(after.stdout), ['write 1', 'write 2'])
    t.like(JSON.parse(json.stdout), { line: Number(to), done: true, released: [] })
  },
)

test.serial(
  '[WO65] rollback refuses a line that is not kept, a world without any, and one that is open: a sentence says how to end it',
  async (t) => {
    const { folder, lines } = await made(t)
    fs.writeFileSync(path.join(folder, 'p.mjs'), 'export default () => 1\n')
    await katydid(folder, 'run', 'p.mjs', '--world', 'bare')
    const world = await openWorld({ dir: path.join(folder, 'w'), hold: true, snapshotEveryMs: 0 })
    t.teardown(() => world.close())

    const inUse = await katydid(folder, 'rollback', 'w', '--to', `${lines[1]}`, '--yes')
    const bare = await katydid(folder, 'rollback', 'bare', '--to', '1', '--yes')
    const without = await katydid(folder, 'rollback', 'bare')
    const other = await katydid(folder, 'rollback', 'bare', '--to', 'x')

    t.is(inUse.status, 1)
    t.regex(inUse.stderr, new RegExp(`pid ${process.pid}.*SIGINT.*world_in_use`))
    t.is(bare.status, 1)
    t.regex(bare.stderr, /line 1 is not kept, and no other is; .*retain.*no_such_interval/)
    t.is(without.status, 2)
    t.is(other.status, 2)
  },
)
