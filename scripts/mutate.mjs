/**
 * Mutation testing of the engine of the line: changes one place of its code at a time and sees whether a test fails.
 *
 *   npm run mutate                     all of it: about five minutes
 *   npm run mutate -- --only link-cut  one file of packages/kernel/src/state-interval/line
 *
 * Stryker has an installation of its own in tests/mutate, made by the first run: nobody else needs it. It works on copies of the
 * built engine and its built tests in a folder of their own, so it never touches the workspace, and what it tells of are lines of the
 * built files. The tests that change the engine's text themselves are left out.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const tools = path.join(root, 'tests/mutate')
const engine = path.join(root, 'packages/kernel/dist/state-interval/line')
const tests = path.join(root, 'tests/dist/line')
const pnpm = 'pnpm@12.21.0'
const files = ['component', 'engine', 'feed', 'forest', 'link-cut', 'order', 'unit', 'wait-heap']

const { values } = parseArgs({ options: { only: { type: 'string' } } })
if (values.only !== undefined && !files.includes(values.only)) {
  console.error(`mutate: --only is one of ${files.join(', ')}`)
  process.exit(2)
}

install()
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-mutate-'))
try {
  layOut()
  const stryker = path.join(tools, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  process.exitCode = node([stryker, 'run'], folder, { KATYDID_LINE_RUNS: '100' })
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}

function install() {
  const args = ['install', '--ignore-workspace', '--frozen-lockfile', '--reporter=silent']
  const { status } = spawnSync('npx', ['-y', pnpm, ...args], { cwd: tools, stdio: 'inherit' })
  if (status === 0) return
  console.error('mutate: Stryker could not be installed; what pnpm said stands above')
  process.exit(1)
}

/** A project of the engine and its tests alone, as Stryker wants one. */
function layOut() {
  copy(engine, path.join(folder, 'engine'), (text) => text)
  copy(tests, path.join(folder, 'line'), (text, depth) =>
    text.replaceAll('@katydid/kernel/state-interval/line/', `${'../'.repeat(depth)}engine/`),
  )
  for (const name of ['flaws.test.js']) fs.rmSync(path.join(folder, 'line', name))
  for (const name of ['fast-check', '@katydid/actor']) {
    const link = path.join(folder, 'node_modules', name)
    fs.mkdirSync(path.dirname(link), { recursive: true })
    fs.symlinkSync(fs.realpathSync(path.join(root, 'tests/node_modules', name)), link)
  }
  const ava = path.join(folder, 'node_modules/ava')
  fs.mkdirSync(ava)
  fs.copyFileSync(path.join(tools, 'ava.mjs'), path.join(ava, 'index.mjs'))
  fs.writeFileSync(path.join(ava, 'package.json'), '{"name":"ava","main":"index.mjs"}')
  write('package.json', { type: 'module' })
  for (const name of ['facts.mjs', 'runner.mjs'])
    fs.copyFileSync(path.join(tools, name), path.join(folder, name))
  write('stryker.config.json', {
    mutate: (values.only === undefined ? files : [values.only]).map((name) => `engine/${name}.js`),
    testRunner: 'warm',
    coverageAnalysis: 'perTest',
    reporters: ['clear-text', 'progress-append-only'],
    plugins: ['./facts.mjs', './runner.mjs'],
    ignorers: ['facts'],
    mutator: { excludedMutations: ['StringLiteral'] },
    concurrency: 1,
    // For endless loops that do not pass the mutant's place; the runner stops the others.
    timeoutMS: 8000,
    allowEmpty: true,
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  })
}

function copy(from, to, change, depth = 1) {
  fs.mkdirSync(to, { recursive: true })
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)]
    if (entry.isDirectory()) copy(source, target, change, depth + 1)
    else if (entry.name.endsWith('.js'))
      fs.writeFileSync(target, change(fs.readFileSync(source, 'utf8'), depth))
  }
}

function write(name, value) {
  fs.writeFileSync(path.join(folder, name), JSON.stringify(value))
}

function node(args, cwd, more) {
  const env = { ...process.env, ...more }
  return spawnSync(process.execPath, args, { cwd, env, stdio: 'inherit' }).status ?? 1
}
