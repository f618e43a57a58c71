/**
 * Kills a working world again and again with SIGKILL, at moments drawn from a seed, and lets it go on each time.
 *
 * Fails when a world does not open, goes back behind a capture that was reported recoverable, finds memory other than its
 * saved registers say, or ends with a wrong result. `npm run crash:kill -- --times 50 --seed 7`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const child = fileURLToPath(new URL('../tests/fixtures/kill-child.mjs', import.meta.url))
const defaults = { frames: 96, snapshotEveryMs: 40, args: { pages: 400, rounds: 120, pauseMs: 5 } }
const longestMs = 1500
const longestStartMs = 800
/** A process that tells nothing for so long hangs: every snapshot that becomes recoverable is told. */
const silenceMs = 30_000

/** Runs the loop (`job.twoManagers`: under two managers at once); answers what happened. Throws a sentence when something was lost or wrong. */
export async function killLoop({ times, seed, job = {}, log = () => {} }) {
  const work = { ...defaults, ...job, args: { ...defaults.args, ...job.args } }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-kill-'))
  const random = randomFrom(seed)
  const state = { promised: 0, kills: 0, resumed: 0, outcome: null }
  try {
    while (state.kills < times && state.outcome === null)
      await oneRun({ dir, work, state, blow: drawBlow(random), log })
    if (state.outcome === null) await oneRun({ dir, work, state, blow: null, log })
    check(work, state)
    return state
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

/** One blow in four hits the start of the process, recovery included; the others come while it works. */
function drawBlow(random) {
  const isEarly = random() < 0.25
  return { isEarly, afterMs: random() * (isEarly ? longestStartMs : longestMs) }
}

/** One life of the process: until it is killed, or until it is done. */
async function oneRun({ dir, work, state, blow, log }) {
  const life = spawn(process.execPath, [child, dir, JSON.stringify(work)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(life, 'close')
  let complaint = ''
  life.stderr.setEncoding('utf8').on('data', (text) => (complaint += text))
  let hangs = false
  const timers = [
    setTimeout(() => {
      hangs = true
      life.kill('SIGKILL')
    }, silenceMs),
  ]
  const onHeard = () => timers[0].refresh()
  const strike = () => timers.push(setTimeout(() => life.kill('SIGKILL'), blow.afterMs))
  if (blow?.isEarly) strike()
  try {
    await listen({
      life,
      state,
      onHeard,
      onOpened: () => (blow?.isEarly === false ? strike() : undefined),
    })
    const [code, signal] = await exited
    if (code !== 0 && signal !== 'SIGKILL')
      throw new Error(`the process ended with ${code ?? signal}: ${complaint.trim()}`)
    if (hangs) throw new Error(`the process told nothing for ${silenceMs / 1000} s`)
    if (blow === null && state.outcome === null)
      throw new Error('the last run ended without a result')
    if (signal !== 'SIGKILL' || blow === null) return
    state.kills += 1
    const when = `${Math.round(blow.afterMs)} ms after ${blow.isEarly ? 'the start' : 'the opening'}`
    log(`kill ${state.kills}, ${when}: recoverable capture ${state.promised}`)
  } finally {
    for (const timer of timers) clearTimeout(timer)
    life.kill('SIGKILL')
  }
}

/** Hears what the process tells, until it ends. Throws when it is back behind what it had promised. */
async function listen({ life, state, onHeard, onOpened }) {
  const before = state.promised
  for await (const line of createInterface({ input: life.stdout })) {
    onHeard()
    const told = JSON.parse(line)
    if (told.recoverable !== undefined) state.promised = told.recoverable
    if (told.result !== undefined) state.outcome = told
    if (told.opened === undefined) continue
    if (told.opened.capture < before)
      throw new Error(
        `lost: capture ${before} was recoverable, the world is back at ${told.opened.capture}`,
      )
    if (!told.opened.created) state.resumed += 1
    onOpened()
  }
}

/** The result a run without any kill would have. */
function check({ args: { pages, rounds }, twoManagers }, { outcome }) {
  let sum = 0
  for (let page = 0; page < pages; page++) {
    for (let slot = 0; slot < 1000; slot++) {
      const last = rounds - ((((rounds - slot) % 1000) + 1000) % 1000)
      if (last >= 1) sum = (sum + (page ^ last)) | 0
    }
  }
  for (const { round, sum: found } of twoManagers
    ? [outcome.result, outcome.other]
    : [outcome.result])
    if (round !== rounds || found !== sum)
      throw new Error(`wrong result: round ${round} and sum ${found}, not ${rounds} and ${sum}`)
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { times: { type: 'string' }, seed: { type: 'string' } } })
  const times = Number(values.times ?? 10)
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  if (!Number.isSafeInteger(times) || times < 1 || !Number.isSafeInteger(seed)) {
    console.error('crash:kill: --times and --seed are whole numbers, --times at least 1')
    process.exit(2)
  }
  console.log(`seed ${seed}`)
  // Long enough that it is not done before it has been killed that often.
  const job = { args: { rounds: 40 * times } }
  try {
    const { kills, resumed, outcome } = await killLoop({ times, seed, job, log: console.log })
    console.log(`${kills} kills, resumed ${resumed} times, round ${outcome.result.round}: equal`)
  } catch (error) {
    console.error(`crash:kill: ${error.message} (seed ${seed})`)
    process.exitCode = 1
  }
}
