/** The main job as a whole, on a small corpus: struck, verified, failed on purpose, stopped. */
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { fileURLToPath } from 'node:url'
import { runMainJob } from '@katydid/demo/run.js'
import type { Events } from '@katydid/demo/job/events.js'
import { temporaryFolder } from '../support/folders.js'
import { someOptions } from '../support/main-job.js'
import { writeTextCorpus } from '../support/text-corpus.js'
import { root } from '../support/house.js'

const main = fileURLToPath(import.meta.resolve('@katydid/demo/main.js'))
const home = path.join(root, '.katydid')
const corpus = { files: 50, wordsAFile: 2000, vocabulary: 32_000 }
/** Small enough for the index to have eight pages a frame. */
const small = ['--frames', '48', '--loci', '2']

test.serial(
  '[JB9] killed once, its manager ended once, the index is right and the run says so',
  async (t) => {
    const input = makeCorpus(t)

    const run = await runJob(['--input', input, ...small, '--kills', '1', '--seed', '3', '--json'])

    t.is(run.code, 0, run.output)
    const told = run.output.trimEnd().split('\n').map(parse)
    const last = told.at(-1)!
    t.like(last, { type: 'verified', files: corpus.files, equal: true })
    t.true((last['words'] as number) > 25_000)
    const kinds = told.filter(({ type }) => type === 'recovered').map(({ kind }) => kind)
    t.deepEqual(
      kinds.map(String).toSorted((a, b) => a.localeCompare(b)),
      ['manager', 'process'],
    )
    const summary = told.find(({ type }) => type === 'summary')!
    t.like(summary, { sessions: 2, frames: 48 })
    const manager = summary['manager'] as { pages: number; frames: number; faultsBack: number }
    t.true(manager.pages > manager.frames, 'its maps are larger than what it holds of them')
    t.true(manager.faultsBack > manager.frames, 'and came in from the disk after it had come back')
  },
)

test.serial(
  '[JB17] over three machines, each killed or not as drawn, the index is right and the run says so',
  async (t) => {
    const input = makeCorpus(t, { files: 60, wordsAFile: 3000, vocabulary: 60_000 })

    const args = ['--machines', '3', '--frames', '32', '--kills', '2', '--seed', '3', '--json']
    const run = await runJob(['--input', input, ...args])

    t.is(run.code, 0, run.output)
    const told = run.output.trimEnd().split('\n').map(parse)
    t.like(told.at(-1)!, { type: 'verified', files: 60, equal: true })
    const recovered = told.filter(({ type }) => type === 'recovered')
    t.deepEqual(
      recovered.map(({ kind }) => kind),
      ['machine', 'machine'],
    )
    t.true(
      recovered.every(({ machine }) => [1, 2, 3].includes(machine as number)),
      'each names the machine',
    )
    const summary = told.find(({ type }) => type === 'summary')!
    t.like(summary, { machines: 3, sessions: 1, frames: 96 })
  },
)

test.serial('[JB9] without a terminal the last line is the verdict', async (t) => {
  const input = makeCorpus(t)

  const run = await runJob(['--input', input, ...small, '--kills', '0'])

  t.is(run.code, 0, run.output)
  t.regex(run.output, /\nverified: \d+ words, 50 files, equal\n$/)
  t.false(run.output.includes('\r') || run.output.includes('\u001b'))
})

test.serial(
  '[JB10] a file that changes after it was read makes the run fail, and is named',
  async (t) => {
    const input = makeCorpus(t)
    const victim = path.join(input, '0', '0.txt')
    const reasons: string[] = []
    const nothing = (): void => undefined
    const events = new Proxy({} as Events, { get: () => nothing })
    const changing: Events = Object.assign(Object.create(events) as Events, {
      progress: ({ readBytes, totalBytes }: Parameters<Events['progress']>[0]) => {
        if (readBytes === totalBytes) fs.writeFileSync(victim, 'something else')
      },
      failed: (told: readonly string[]) => reasons.push(...told),
    })

    const code = await runMainJob(
      { ...someOptions, input, frames: 48, kills: 0 },
      changing,
      new AbortController().signal,
    )

    t.is(code, 1)
    t.regex(reasons[0]!, /^The index differs from the count at \d+ of \d+ words: "/)
    t.true(reasons[0]!.includes(victim))
  },
)

test.serial(
  '[JB10] an index that fits into its frames fails the run, though it is right',
  async (t) => {
    const input = makeCorpus(t, { files: 4, wordsAFile: 50, vocabulary: 100 })

    const run = await runJob(['--input', input, '--kills', '0'])

    t.is(run.code, 1)
    t.regex(run.output, /failed: The index takes only \d+ pages, less than 8 times the \d+ frames/)
    t.notRegex(run.output, /verified/)
  },
)

test.serial('[JB13] an interrupt leaves no process and no folder', async (t) => {
  const input = makeCorpus(t)
  const job = startJob(['--input', input, ...small, '--kills', '0'])
  await job.said(/words\/s/)
  const [world] = childrenOf(job.process)

  job.process.kill('SIGINT')
  const { code, output } = await job.ended

  t.is(code, 130, output)
  t.regex(output, /stopped; nothing is left behind\n$/)
  t.false(isRunning(world!))
  t.deepEqual(foldersOf(job.process), [])
})

for (const [when, sign] of [
  ['before its world is open', /"type":"progress"/],
  ['in the middle', /"readBytes":[1-9]/],
] as const) {
  test.serial(`[JB13] a parent killed ${when} leaves no process`, async (t) => {
    const input = makeCorpus(t)
    const job = startJob(['--input', input, ...small, '--kills', '0', '--json'])
    await job.said(sign)
    const [world] = childrenOf(job.process)

    job.process.kill('SIGKILL')
    await job.ended

    await t.notThrowsAsync(waitUntil(() => !isRunning(world!)))
    for (const folder of foldersOf(job.process)) fs.rmSync(folder, { recursive: true })
  })
}

test.serial('[JB14] the world’s process may be killed by anybody', async (t) => {
  const input = makeCorpus(t)
  const job = startJob(['--input', input, ...small, '--kills', '0', '--json'])
  await job.said(/"readBytes":[1-9]/)

  process.kill(childrenOf(job.process)[0]!, 'SIGKILL')
  const { code, output } = await job.ended

  t.is(code, 0, output)
  t.like(
    output
      .trimEnd()
      .split('\n')
      .map(parse)
      .find(({ type }) => type === 'recovered'),
    { kind: 'process', isOurs: false },
  )
})

for (const [what, args, sentence] of [
  ['a folder without text', [], /^katydid: There is no text file in .*\n$/],
  ['no frames', ['--frames', '0'], /^katydid: --frames 0: .* whole number from \d+ to \d+\.\n$/],
] as const) {
  test.serial(`[JB7] ${what} ends the job with one sentence and status 1`, async (t) => {
    const run = await runJob(['--input', temporaryFolder(t), ...args])

    t.is(run.code, 1)
    t.regex(run.errors, sentence)
  })
}

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

interface Started {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  said(pattern: RegExp): Promise<void>
}

function startJob(args: readonly string[]): Started {
  const job = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  job.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  job.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const ended = new Promise<Ended>((resolve) =>
    job.on('close', (code) => resolve({ code, output, errors })),
  )
  return { process: job, ended, said: (pattern) => waitUntil(() => pattern.test(output)) }
}

function runJob(args: readonly string[]): Promise<Ended> {
  return startJob(args).ended
}

function makeCorpus(t: ExecutionContext, shape = corpus): string {
  const folder = temporaryFolder(t)
  writeTextCorpus(folder, 1, shape)
  return folder
}

function childrenOf({ pid }: ChildProcess): number[] {
  const text = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').map(Number)
}

/** One that has ended, but that nobody has asked after, still has an entry. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function foldersOf({ pid }: ChildProcess): string[] {
  return fs
    .readdirSync(home)
    .filter((name) => name.startsWith(`main-job-${pid}-`))
    .map((name) => path.join(home, name))
}

async function waitUntil(condition: () => boolean): Promise<void> {
  const untilMs = Date.now() + 120_000
  while (!condition()) {
    if (Date.now() > untilMs) throw new Error('it did not come true within 120 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function parse(line: string): Record<string, unknown> & { type: string } {
  return JSON.parse(line) as Record<string, unknown> & { type: string }
}
