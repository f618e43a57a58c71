/**
 * What a change must pass besides the tests, cheap checks first; one line each with its time.
 *
 *   npm run check            all of them
 *   npm run check -- lint    those named
 *
 * A check that fails prints what it found and how to mend it; the others still run.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { root, setUp, SetUpError } from './bootstrap.mjs'

const checks = [
  {
    name: 'format',
    command: ['node_modules/oxfmt/bin/oxfmt', '--check', '.'],
    fix: '`npm run fmt` formats every file',
  },
  { name: 'types', run: checkTypes, fix: 'mend the errors above' },
  {
    name: 'docs',
    command: ['scripts/docs.mjs', '--check'],
    fix: '`npm run docs` writes the reference pages anew',
  },
  {
    name: 'lint',
    command: ['node_modules/oxlint/bin/oxlint', '--deny-warnings'],
    fix: 'each finding above has its help; a rule that is wrong for us is turned off in .oxlintrc.json',
  },
  {
    name: 'dead code',
    command: ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
    fix: 'delete what nobody uses, or stop exporting it; a library nobody uses leaves its room',
  },
  {
    name: 'house',
    command: ['scripts/test.mjs', 'house/'],
    fix: 'the message of each test says what to do: layers, rules, tidiness, links',
  },
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !checks.some((check) => check.name === name))
if (unknown.length > 0) {
  console.log(
    `No such check: ${unknown.join(', ')}. There are: ${checks.map(({ name }) => name).join(', ')}.`,
  )
  process.exit(2)
}

await setUp({ build: false })
const failed = []
for (const check of checks.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const startedAt = Date.now()
  const { isGood, output } = await (check.run ?? (() => runNode(check.command)))()
  const time = `${((Date.now() - startedAt) / 1000).toFixed(1)} s`
  if (isGood) {
    console.log(`ok      ${check.name.padEnd(10)} ${time}`)
    continue
  }
  failed.push(check.name)
  console.log(
    `FAILED  ${check.name.padEnd(10)} ${time}\n\n${output.trimEnd()}\n\nto mend ${check.name}: ${check.fix}\n`,
  )
}
console.log(failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

/** Types are what the build checks. It is left to itself, so that format is checked without it. */
async function checkTypes() {
  try {
    await setUp()
    return { isGood: true, output: '' }
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    return { isGood: false, output: error.message }
  }
}

function runNode([script, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(root, script), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => (output += chunk))
    }
    child.on('close', (code) => resolve({ isGood: code === 0, output }))
  })
}
