/** Tree, log and vectors in a world with far fewer frames than pages, whose process is killed while they change. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import path from 'node:path'
import { Random } from '@katydid/actor'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { root } from '../support/house.js'

const child = path.join(root, 'tests/fixtures/structures-child.mjs')
const rounds = 400
const longestMs = 120_000

interface Told {
  readonly opened?: { readonly created: boolean }
  readonly result?: {
    readonly round: number
    readonly pageBytesInUse: number
    readonly left: number
  }
  readonly resumed?: boolean
  readonly counters?: { readonly discardsDirty: number; readonly reReads: number }
}

/** One life of the process, killed so long after it has opened its world; what it told until then. */
async function live(dir: string, killAfterMs: number): Promise<Told[]> {
  const args = JSON.stringify({ rounds, pauseMs: 5 })
  const life = spawn(process.execPath, [child, dir, args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = (): void => void life.kill('SIGKILL')
  const timers = [setTimeout(kill, longestMs)]
  const exited = new Promise<number | null>((resolve) => life.once('close', resolve))
  let complaint = ''
  life.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const told: Told[] = []
  for await (const line of createInterface({ input: life.stdout })) {
    told.push(JSON.parse(line) as Told)
    if (told.length === 1 && killAfterMs < Infinity) timers.push(setTimeout(kill, killAfterMs))
  }
  const code = await exited
  for (const timer of timers) clearTimeout(timer)
  if (code !== null && code !== 0)
    throw new Error(`the process ended with ${code}: ${complaint.trim()}`)
  return told
}

test('[LO49] killed at random moments, they go on with exactly what the saved registers say', async (t) => {
  const dir = temporaryFolder(t)
  const random = new Random(17)
  let resumed = 0

  for (let kills = 0; kills < 5; kills++) {
    const [opened] = await live(dir, 150 + random.below(700))
    if (opened?.opened?.created === false) resumed++
  }
  const told = await live(dir, Infinity)

  const end = told.find(({ result }) => result !== undefined)
  t.truthy(end, JSON.stringify(told))
  const { round, pageBytesInUse, left } = end!.result!
  t.is(round, rounds)
  t.is(left, 6)
  t.true(resumed >= 3 && end!.resumed === true, `${resumed} times`)
  t.true(pageBytesInUse > 3 * 64 * 4096, `${pageBytesInUse} bytes for 64 frames`)
  t.true(end!.counters!.discardsDirty > 100 && end!.counters!.reReads > 100)
})
