/** A process killed by SIGKILL while its world prints: each line that is told is told for good, none is left out, and twice only where the kill fell between the telling and its note. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture } from '../support/worlds.js'

interface Line {
  readonly container: string
  readonly durable: string
  readonly sequence: number
  readonly text: string
  /** Lines that were given on together have the same. */
  readonly batch: number
}

interface Told extends Line {
  /** Milliseconds before the end of its life. */
  beforeEndMs: number
}

interface Life {
  readonly lines: readonly Told[]
  readonly result: unknown
  readonly complaint: string
}

/**
 * What was told so long ago was noted, and what so many batches follow: lines are given on when the note of those before is on the disk, but for
 * a few that had not been taken yet. On a machine that stands still only the second can be said.
 */
const notedMs = 3_000
const mostBatches = 4

/** Runs the process; it is killed so long after it has told its first recoverable line. */
async function life(dir: string, job: object, killAfterMs: number): Promise<Life> {
  const child = spawn(process.execPath, [fixture('output-child'), dir, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close')
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  const lines: Told[] = []
  let result: unknown
  let isTimed = killAfterMs === Infinity
  for await (const text of createInterface({ input: child.stdout })) {
    const told = JSON.parse(text) as { readonly result?: unknown } & Line
    if (told.result !== undefined) result = told.result
    if (told.durable !== 'recoverable') continue
    lines.push({ ...told, beforeEndMs: Date.now() })
    if (isTimed) continue
    isTimed = true
    setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  }
  await exited
  for (const line of lines) line.beforeEndMs = Date.now() - line.beforeEndMs
  return { lines, result, complaint }
}

test('[DV3] over kills every line is told with its one text, none is missing, in order, and twice only what was told just before a kill', async (t) => {
  t.timeout(240_000)
  const dir = temporaryFolder(t)
  const lives: Life[] = []
  for (const afterMs of [0, 250, notedMs + 500, Infinity]) {
    const job = { count: 40, pauseMs: 12, isLast: afterMs === Infinity }
    lives.push(await life(dir, job, afterMs))
  }

  const { result, complaint } = lives.at(-1)!
  const count = Number(result)
  t.true(count >= 40, complaint)
  t.true(lives.slice(0, -1).every((each) => each.result === undefined))
  for (const [name, text] of [
    ['shop', 'round'],
    ['other', 'echo'],
  ]) {
    const told = lives.map(({ lines }) => lines.filter(({ container }) => container === name))
    let next = 1
    for (const [nth, lines] of told.entries()) {
      const sequences = lines.map(({ sequence }) => sequence)
      const first = sequences[0] ?? next
      t.true(first <= next, `life ${nth} of ${name} begins with ${first}, and ${next} is due`)
      t.deepEqual(
        sequences,
        sequences.map((_, i) => first + i),
      )
      const again = (told[nth - 1] ?? []).filter(({ sequence }) => sequence >= first)
      const last = lives[nth - 1]?.lines.at(-1)?.batch ?? 0
      t.true(
        again.every(
          ({ beforeEndMs, batch }) => beforeEndMs < notedMs || batch > last - mostBatches,
        ),
      )
      next = first + sequences.length
    }
    for (const line of told.flat()) t.is(line.text, `${text} ${line.sequence}`)
    t.is(next, count + 1)
  }
})
