/**
 * Explores the Promela models of `tests/model` with Spin, and shows that every mutant of them is found out.
 *
 *   npm run model                      usual sizes and all mutants: some minutes
 *   npm run model -- --quick           a part of it, in seconds; --full: as far as 6 GiB go, with 3 containers
 *   npm run model -- --only trees      one model; --keep: leave the folder with trails, and say where
 *
 * Everything is written to a temporary folder. Exit code 1 when a model does not hold, is not explored to its end, or lets a mutant
 * live; 2 when Spin or a C compiler is not there.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { models } from './models.mjs'

const folder = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'tests/model')
const levels = ['quick', 'usual', 'full']
const limits = { quick: 60, usual: 300, full: 600 }

/** Why the models cannot be run here, in a sentence with the cure; null when they can. */
export async function whatIsMissing(run = runProgram) {
  const spin = await run('spin', ['-V'])
  if (spin.code !== 0)
    return 'Spin is not installed: on Debian and Ubuntu `apt-get install spin`, elsewhere https://spinroot.com.'
  const cc = await run('cc', ['--version'])
  if (cc.code !== 0)
    return 'No C compiler is installed: on Debian and Ubuntu `apt-get install gcc`.'
  return null
}

/** The runs of a level, configurations before mutants; `only`: of one model. */
export function plan(level, only) {
  const most = levels.indexOf(level)
  return models
    .filter(({ name }) => only === undefined || only === name)
    .flatMap(({ name, configurations, mutants }) => [
      ...configurations
        .filter((each) => levels.indexOf(each.level) <= most)
        .map((each) => ({ model: name, ...each })),
      ...mutants
        .filter(({ quick }) => level !== 'quick' || quick)
        .map((each) => ({ model: name, level: 'usual', sizes: each.sizes, mutant: each })),
    ])
}

/** What the verifier's report says: a proof needs no error, no limit reached, no memory run out. */
export function readReport(text) {
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN)
  const broken = /^pan:\d+: (.*?)(?: \(at depth \d+\))?$/m.exec(text)?.[1]
  return {
    states: number(/([\d.e+]+) states, stored/),
    depth: number(/depth reached (\d+)/),
    seconds: number(/elapsed time ([\d.e+-]+)/),
    errors: number(/errors: (\d+)/),
    factor: number(/hash factor: ([\d.]+)/),
    broken,
    isCut: /max search depth too small|out of memory|reached -DMEMLIM|Search not completed/.test(
      text,
    ),
  }
}

/** One word on a run, and whether it is what it should be. A mutant should be found; all else should hold, to the end. */
export function verdict({ mutant, bits }, report, timedOut) {
  const found = report.errors > 0
  if (mutant !== undefined)
    return found ? { good: true, word: 'found' } : { good: false, word: 'LIVES' }
  if (found) return { good: false, word: `BROKEN: ${report.broken ?? 'see the trail'}` }
  if (bits && report.states > 0)
    return { good: true, word: `searched, hash factor ${report.factor.toFixed(0)}` }
  if (timedOut) return { good: false, word: 'NOT FINISHED in time' }
  if (Number.isNaN(report.states)) return { good: false, word: 'NO REPORT' }
  return report.isCut ? { good: false, word: 'NOT FINISHED' } : { good: true, word: 'proved' }
}

/** Generates, compiles and runs one verifier in a folder of its own below `scratch`. */
export async function explore(each, scratch) {
  const place = fs.mkdtempSync(path.join(scratch, `${each.model}-`))
  const names = [...each.sizes.split(' '), ...(each.mutant === undefined ? [] : [each.mutant.name])]
  const defines = names.map((name) => `-D${name}`)
  // The preprocessor writes beside its input, and trails name it.
  fs.cpSync(folder, place, { recursive: true })
  const made = await runProgram('spin', [...defines, '-a', `${each.model}.pml`], place)
  if (made.code !== 0)
    throw new Error(`spin refuses ${each.model} ${names.join(' ')}\n${made.text}`)
  // What takes time with few states is the compiler.
  const effort = each.mutant !== undefined || each.level === 'quick' ? '-O0' : '-O2'
  const states = each.bits ? ['-DBITSTATE'] : ['-DCOLLAPSE', '-DMEMLIM=6000']
  const reduction = each.model === 'recovery' ? ['-DNOREDUCE'] : []
  const flags = [effort, '-w', '-DSAFETY', ...states, ...reduction, '-o', 'verify', 'pan.c']
  const compiled = await runProgram('cc', flags, place)
  if (compiled.code !== 0)
    throw new Error(`cc refuses ${each.model} ${names.join(' ')}\n${compiled.text}`)
  const search = each.bits ? ['-w32', '-k2', '-m10000'] : ['-m2000000']
  const limit = limits[each.level]
  // The verifier stops itself (-Q, in minutes) and still reports; the time limit is for one that does not.
  const wall = [`-Q${Math.ceil(limit / 60)}`, ...search]
  const ran = await runProgram(path.join(place, 'verify'), wall, place, (limit + 30) * 1000)
  return { report: readReport(ran.text), timedOut: ran.timedOut }
}

function runProgram(program, args, cwd = os.tmpdir(), timeout = 300_000) {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      resolve({
        code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1,
        timedOut: error?.killed === true,
        text: `${stdout}\n${stderr}`,
      }),
    )
  })
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      full: { type: 'boolean' },
      only: { type: 'string' },
      keep: { type: 'boolean' },
    },
  })
  const level = values.quick ? 'quick' : values.full ? 'full' : 'usual'
  const runs = plan(level, values.only)
  if (runs.length === 0) {
    console.error(
      `model: there is no model ${values.only}; there are ${models.map(({ name }) => name).join(', ')}`,
    )
    return 2
  }
  const missing = await whatIsMissing()
  if (missing !== null) {
    console.error(`model: ${missing}`)
    return 2
  }
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-model-'))
  let bad = 0
  try {
    console.log(row(['model', 'configuration', 'states', 'depth', 'seconds', 'result']))
    for (const each of runs) {
      const { report, timedOut } = await explore(each, scratch)
      const { good, word } = verdict(each, report, timedOut)
      if (!good) bad++
      const what = each.mutant === undefined ? each.sizes : `${each.mutant.name}: ${each.mutant.is}`
      const { states, depth, seconds } = report
      console.log(row([each.model, what, states.toLocaleString('en'), depth, seconds, word]))
    }
  } finally {
    if (values.keep) console.log(`kept: ${scratch}`)
    else fs.rmSync(scratch, { recursive: true })
  }
  console.log(
    bad === 0
      ? `${runs.length} runs, all as they should be`
      : `${bad} of ${runs.length} runs are not as they should be`,
  )
  return bad === 0 ? 0 : 1
}

function row([model, what, states, depth, seconds, word]) {
  return `${model.padEnd(13)} ${what.padEnd(72)} ${String(states).padStart(12)} ${String(depth).padStart(8)} ${String(seconds).padStart(8)}  ${word}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main()
