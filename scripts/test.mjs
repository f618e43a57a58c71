/**
 * Runs the built tests and ends with one line: `N passed, N failed`.
 *
 *   npm test                              everything
 *   npm test -- spec kernel/page-set      files whose path contains one of the words
 *   npm test -- --match '*CT4*'           titles, as AVA matches them
 *
 * Two passes: most files two at a time, then `stress/` and `crash/` alone, one file at a time, because
 * they measure time or load every core. AVA speaks TAP to us and we speak to people: a file's heading,
 * each failure in full where it happens, the passes counted.
 * Never green by accident: a run without tests, a test file that does not load, an AVA that dies, and
 * a test left as todo or skipped all count as failures.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createTapReader } from './tap.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const tests = path.join(root, 'tests')
const ava = path.join(tests, 'node_modules/ava/entrypoints/cli.mjs')
const alone = /^dist\/(stress|crash)\//

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    match: { type: 'string', short: 'm', multiple: true },
    'update-snapshots': { type: 'boolean', short: 'u' },
    verbose: { type: 'boolean', short: 'v' },
  },
})

const startedAt = Date.now()
const chosen = testFiles().filter(
  (file) => words.length === 0 || words.some((word) => names(word, file)),
)
const totals = { passed: 0, failed: 0 }
const failedTitles = []
await pass(
  chosen.filter((file) => !alone.test(file)),
  2,
)
await pass(
  chosen.filter((file) => alone.test(file)),
  1,
)

if (totals.passed + totals.failed === 0) {
  console.log('No test was run: no test file or title fits what was asked for.')
  totals.failed = 1
}
console.log('')
for (const title of failedTitles) console.log(`failed: ${title}`)
console.log(`${chosen.length} files in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed === 0 ? 0 : 1

/** Every built test file, relative to the tests room. */
function testFiles() {
  return fs
    .readdirSync(path.join(tests, 'dist'), { recursive: true })
    .map((file) => path.posix.join('dist', file.split(path.sep).join('/')))
    .filter((file) => file.endsWith('.test.js'))
    .sort()
}

/** A word names a file by part of its path; a source's own path will do. */
function names(word, file) {
  const part = word
    .replace(/^(\.\/)?tests\//, '')
    .replace(/^(src|dist)\//, '')
    .replace(/\.ts$/, '.js')
  return file.slice('dist/'.length).includes(part)
}

/** Runs AVA over some files and adds what it says to the totals. */
async function pass(files, concurrency) {
  if (files.length === 0) return
  const args = [ava, '--tap', '--concurrency', String(concurrency)]
  for (const pattern of options.match ?? []) args.push('--match', pattern)
  if (options['update-snapshots']) args.push('--update-snapshots')
  const child = spawn(process.execPath, [...args, ...files], {
    cwd: tests,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const reader = createTapReader({
    print: (line) => console.log(line),
    verbose: options.verbose ?? false,
  })
  child.stdout.setEncoding('utf8').on('data', (text) => reader.write(text))
  const code = await new Promise((resolve) =>
    child.on('close', (status, signal) => resolve(status ?? signal)),
  )
  const result = reader.end()
  totals.passed += result.passed
  totals.failed += result.failed
  failedTitles.push(...result.failedTitles)
  // A pass in which --match fits nothing is no failure, though AVA exits with 1 for it.
  const isExcused = code === 1 && options.match !== undefined && result.passed === 0
  if (code !== 0 && result.failed === 0 && !isExcused) {
    totals.failed += 1
    failedTitles.push(`AVA ended with ${code} and named no failed test`)
  }
}
