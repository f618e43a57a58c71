/** Worlds on a disk that what they write in one interval would fill: on real threads, killed, opened again. */
import test, { type ExecutionContext } from 'ava'
import { spawn } from 'node:child_process'
import { temporaryFolder } from '../support/folders.js'
import { fixture } from '../support/worlds.js'

interface Life {
  readonly opened: boolean
  readonly failed: string | null
  readonly results: readonly { readonly step: number }[] | null
  readonly counters: Readonly<Record<string, number>>
  /** How the process ended and what it said on standard error: for whoever reads a failure. */
  readonly end: string
}

interface Job {
  readonly options: object
  readonly size: number
  readonly loci: readonly object[]
}

const mib = 1024 ** 2
const diskBytes = 32 * mib

/** So many loci at full speed over so many pages together. */
function job(livePages: number, loci: number, steps: number, snapshotEveryMs: number): Job {
  const pages = Math.floor(livePages / loci)
  const args = { pages, steps, stride: 307, safepoints: 16 }
  return {
    options: { frames: 256, loci: 4, diskBytes, snapshotEveryMs },
    size: 32 * mib,
    loci: Array.from({ length: loci }, (_, nth) => ({ ...args, first: nth * pages })),
  }
}

/** One life of the world: to its end, or until it is killed so long after it had opened. */
function life(t: ExecutionContext, dir: string, of: Job, killAfterMs: number): Promise<Life> {
  const child = spawn(process.execPath, [fixture('full-child'), dir, JSON.stringify(of)])
  t.teardown(() => child.kill('SIGKILL'))
  let [said, complained] = ['', '']
  child.stderr.on('data', (chunk: Buffer) => {
    complained += chunk.toString()
  })
  let timer: NodeJS.Timeout | undefined
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    if (said.includes('"opened"') && killAfterMs < Infinity)
      timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const lines = said.split('\n').filter((line) => line.endsWith('}'))
      const all = Object.assign({}, ...lines.map((line) => JSON.parse(line) as object)) as Life
      resolve({
        opened: said.includes('"opened"'),
        failed: all.failed ?? null,
        results: all.results ?? null,
        counters: all.counters ?? {},
        end: `exit code ${code}, signal ${signal}: ${complained}`,
      })
    })
  })
}

test('[MG80] on a disk of 32 MiB loci rewrite 12 MiB at full speed, are killed, and come to their ends', async (t) => {
  const dir = temporaryFolder(t)
  const fast = job(3072, 2, 12_000, 1000)

  const lives = [
    await life(t, dir, fast, 700),
    await life(t, dir, fast, 1_500),
    await life(t, dir, fast, Infinity),
  ]

  const last = lives.at(-1)!
  t.deepEqual(
    lives.map(({ failed }) => failed),
    [null, null, null],
  )
  t.deepEqual(last.results, [{ step: 12_000 }, { step: 12_000 }], last.end)
  t.true(last.counters['bytesWritten']! > 2 * diskBytes, `${last.counters['bytesWritten']} bytes`)
  t.true(last.counters['snapshotsForRoom']! > 0)
})

test('[DK30] a world that needs more than its disk holds fails, and opens again', async (t) => {
  const dir = temporaryFolder(t)
  const greedy = job(7_400, 2, 4_000, 300)

  const lives = [await life(t, dir, greedy, Infinity)]
  // Each life that is killed before room is won costs a little of what is kept back; see docs/concepts/disk.md.
  for (let nth = 0; nth < 3; nth++) lives.push(await life(t, dir, greedy, (nth * 137) % 400))

  t.is(lives[0]!.results, null)
  t.deepEqual(
    lives.filter(({ opened }) => !opened).map(({ end }) => end),
    [],
  )
})
