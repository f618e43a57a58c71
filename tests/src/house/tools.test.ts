/**
 * The tools everything else is judged by: the set-up lock, the cleaning of what was built, and the
 * counting of test results.
 */
import { spawnSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { importScript, root } from '../support/house.js'

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly failedTitles: readonly string[]
}

interface TapReader {
  write(text: string): void
  end(): Counts
}

interface TapModule {
  readonly createTapReader: (options: {
    print: (line: string) => void
    verbose: boolean
  }) => TapReader
}

interface RoomsModule {
  readonly removeStaleOutputs: (room: string) => void
}

test('[HO16] one process at a time has the set-up lock', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-lock-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  const lock = path.join(folder, 'lock')
  const log = path.join(folder, 'log')

  // Each writes "in", lingers, writes "out": two inside at once would show as in, in.
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, holderArgs(lock, log)))
  await Promise.all(children.map((child) => once(child, 'exit')))

  const lines = fs.readFileSync(log, 'utf8').trim().split('\n')
  t.deepEqual(lines, Array.from({ length: 4 }, () => ['in', 'out']).flat())
  t.false(fs.existsSync(lock))
})

test('[HO16] a holder that died does not keep the set-up lock', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-lock-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  const lock = path.join(folder, 'lock')
  const dead = spawnSync(process.execPath, ['-e', ''])
  fs.writeFileSync(lock, `${dead.pid} 0 0`)

  const child = spawnSync(process.execPath, holderArgs(lock, path.join(folder, 'log')))

  t.is(child.status, 0)
  t.is(fs.readFileSync(path.join(folder, 'log'), 'utf8'), 'in\nout\n')
})

test('[HO17] todo, skip and failure count as failed', async (t) => {
  const { createTapReader } = await importScript<TapModule>('tap.mjs')
  const reader = createTapReader({ print: () => {}, verbose: false })

  reader.write('TAP version 13\nok 1 - a › passes\nok 2 - a › later # SK')
  reader.write('IP\nnot ok 3 - a › some day # TODO\nnot ok 4 - b › breaks\n  ---\n  ...\n\n1..4\n')

  const { passed, failed, failedTitles } = reader.end()
  t.is(passed, 1)
  t.is(failed, 3)
  t.deepEqual(failedTitles, [
    'a › later (SKIP: finish it)',
    'a › some day (TODO: finish it)',
    'b › breaks',
  ])
})

test('[HO17] a run in which no test fits is a failure', (t) => {
  const child = spawnSync(process.execPath, ['scripts/test.mjs', 'no-file-has-this-name'], {
    cwd: root,
    encoding: 'utf8',
  })

  t.is(child.status, 1)
  t.regex(child.stdout, /\n0 passed, 1 failed\n$/)
})

test('[HO18] what was built from a source that is gone is removed', async (t) => {
  const { removeStaleOutputs } = await importScript<RoomsModule>('rooms.mjs')
  const room = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-room-'))
  t.teardown(() => fs.rmSync(room, { recursive: true }))
  for (const file of [
    'src/a.ts',
    'dist/a.js',
    'dist/a.d.ts',
    'dist/deep/b.js',
    'dist/deep/b.js.map',
    'dist/.tsbuildinfo',
  ]) {
    fs.mkdirSync(path.dirname(path.join(room, file)), { recursive: true })
    fs.writeFileSync(path.join(room, file), '')
  }

  removeStaleOutputs(room)

  const left = fs.readdirSync(path.join(room, 'dist'), { recursive: true, encoding: 'utf8' })
  t.deepEqual(left.sort(), ['.tsbuildinfo', 'a.d.ts', 'a.js', 'deep'])
})

/** A child that takes the lock, writes `in`, lingers, writes `out` and lets go. */
function holderArgs(lock: string, log: string): string[] {
  const program = `
    import fs from 'node:fs'
    import { acquireLock } from ${JSON.stringify(`file://${root}/scripts/lock.mjs`)}
    const release = await acquireLock(${JSON.stringify(lock)}, { timeoutMs: 30_000, onWait() {} })
    fs.appendFileSync(${JSON.stringify(log)}, 'in\\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
    fs.appendFileSync(${JSON.stringify(log)}, 'out\\n')
    release()`
  return ['--input-type=module', '-e', program]
}
