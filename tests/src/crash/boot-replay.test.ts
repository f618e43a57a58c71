/** A process is killed while the line stands at a visit of a logged container: the next opening runs the visits again before anything goes on. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import test from 'ava'
import type { KatydidError } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const managers = [{ name: 'deterministic' }]

/** A world that was killed then. */
async function killed(dir: string, program: string): Promise<void> {
  const child = spawn(process.execPath, [fixture('sits-child'), dir, program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout }))
    if (line === 'recoverable') child.kill('SIGKILL')
  const [, signal] = (await closed) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error('it ended by itself')
}

test.serial(
  '[SI225] visits on the line are run again at the opening, though its loci are held until the host lets them go on',
  async (t) => {
    t.timeout(120_000)
    const dir = temporaryFolder(t)
    await killed(dir, fixture('sits'))

    const world = await openForTest(t, { dir, managers, hold: true, snapshotEveryMs: 0 })
    const till = await world.createContainer({ name: 'till' })
    const reader = await world.startLocus(till, { name: 'reader', args: { role: 'count' } })
    const { result } = await reader.result({ durable: 'volatile' })

    t.is(world.recovery.damage, null)
    t.is(result, 3)
  },
)

test.serial(
  '[SI225] a program that has changed since is not run again: the opening is refused, and nothing is lost',
  async (t) => {
    t.timeout(120_000)
    const folder = temporaryFolder(t)
    const [dir, program] = [`${folder}/w`, `${folder}/sits.mjs`]
    const content = fs
      .readFileSync(fixture('sits'), 'utf8')
      .replace("'@katydid/locus'", `'${import.meta.resolve('@katydid/locus')}'`)
    fs.writeFileSync(program, content)
    await killed(dir, program)
    fs.writeFileSync(program, `${content}\n// changed`)

    const refusal = await t.throwsAsync<KatydidError>(
      openForTest(t, { dir, managers, hold: true, snapshotEveryMs: 0 }),
    )
    fs.writeFileSync(program, content)
    const world = await openForTest(t, { dir, managers, hold: true, snapshotEveryMs: 0 })

    t.is(refusal.status, 'program_changed')
    t.regex(refusal.message, /container till has changed/)
    t.is(world.recovery.damage, null)
  },
)
