/** A process that is stopped for longer than any deadline lasts, and then goes on. */
import test from 'ava'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../support/folders.js'
import { fixture } from '../support/worlds.js'

/** Longer than a call, a fault or a stalled locus may take, each ten seconds at the most. */
const stopMs = 12_000
/** Moments at which it is stopped, the first time for long: a snapshot waits for the slow locus nearly all the time. */
const moments = [0, 35, 110, 20]

test('[AC22] a process that was stopped for 12 s goes on as if nothing had been: no call fails, no manager or locus ends', async (t) => {
  t.timeout(120_000)
  const [steps, rests] = [6_000, 16]
  const args = { pages: 600, steps, stride: 307, safepoints: 4 }
  const loci = [0, 1].map((nth) => ({ ...args, first: nth * 600 }))
  const child = spawn(process.execPath, [
    fixture('stopped-child'),
    temporaryFolder(t),
    JSON.stringify({ loci, rests }),
  ])
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  while (!said.includes('running') && child.exitCode === null) await sleep(20)

  for (const [nth, moment] of moments.entries()) {
    await sleep(150 + moment)
    child.kill('SIGSTOP')
    await sleep(nth === 0 ? stopMs : 3_000)
    child.kill('SIGCONT')
  }
  const wasRunning = !said.includes('results')
  await closed

  const last = said.trim().split('\n').at(-1)!
  t.true(wasRunning)
  t.notRegex(said, /amiss/)
  const { restMs, ...rest } = JSON.parse(last) as { readonly restMs: number }
  t.deepEqual(rest, {
    results: [...loci.map(() => ({ step: steps })), { done: rests }],
    snapshotsFailed: 0,
    restarts: 0,
  } as object)
  t.true(restMs > 50, `a snapshot waited ${restMs} ms for rest`)
})
