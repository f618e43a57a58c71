/** Each way in which the thread of a locus ends, on real workers. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { asGeneration, asPort, defaultShape, type Ending } from '@katydid/abi'
import { Region } from '@katydid/actor'
import { LocusPool } from '@katydid/world/locus-pool.js'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { root } from '../support/house.js'

const shape = { ...defaultShape, frames: 4, maxLoci: 2, tableBytes: 65536 }
const generation = asGeneration(1)

function pool(t: ExecutionContext) {
  const endings: Ending[] = []
  const waiting: (() => void)[] = []
  const made = new LocusPool({
    region: Region.create(shape).handle,
    worker: pathToFileURL(`${root}/tests/fixtures/pool-task.mjs`),
    resourceLimits: { maxOldGenerationSizeMb: 24 },
    onEnding: (ending) => {
      endings.push(ending)
      for (const resolve of waiting.splice(0)) resolve()
    },
  })
  t.teardown(() => made.close())
  const next = async (): Promise<Ending> => {
    if (endings.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    return endings.shift()!
  }
  return { pool: made, next }
}

for (const [port, event, detail, what] of [
  [10, 'exit', /^$/, 'that returns'],
  [12, 'core', /thrown by the task/, 'that throws'],
  [13, 'exit', /code: 7/, 'that exits its thread'],
  [14, 'hwerr', /memory/, 'that runs out of memory'],
  [15, 'core', /thrown outside/, 'with an uncaught exception'],
] as const) {
  test(`[WO5] a locus ${what} has ended by ${event}`, async (t) => {
    const { pool: loci, next } = pool(t)

    loci.start(asPort(port), generation)
    const ending = await next()

    t.is(ending.event, event)
    t.is(ending.port, asPort(port))
    t.regex(ending.detail, detail)
    t.is(loci.live, 0)
  })
}

test('[WO5] a locus that never rests is ended by a signal', async (t) => {
  const { pool: loci, next } = pool(t)
  loci.start(asPort(11), generation)
  await new Promise((resolve) => setTimeout(resolve, 100))

  loci.stop(asPort(11), asGeneration(2), 'meant for another')
  loci.stop(asPort(11), generation, 'told to')
  const ending = await next()

  t.deepEqual(ending, { event: 'signal', port: asPort(11), generation, detail: 'told to' })
})

test('[WO5] closing ends every locus', async (t) => {
  const { pool: loci, next } = pool(t)
  loci.start(asPort(11), generation)

  await loci.close()

  t.is((await next()).event, 'signal')
  t.is(loci.live, 0)
})

test('[WO4] a locus has a worker of its own, and its slot serves again when it has ended', async (t) => {
  const { pool: loci, next } = pool(t)
  loci.start(asPort(11), generation)
  loci.start(asPort(10), generation)

  const first = await next()
  loci.start(asPort(10), asGeneration(2))
  const second = await next()

  t.is(first.port, asPort(10))
  t.is(second.generation, asGeneration(2))
  t.is(loci.live, 1)
})

test('[WO25] a locus is ended while it loads programs for nested invocations, again and again, and the process lives', (t) => {
  const folder = temporaryFolder(t)
  for (let n = 0; n < 2000; n++)
    fs.writeFileSync(path.join(folder, `p${n}.mjs`), `export default () => ${n}\n`)
  const fixture = (name: string): string => `${root}/tests/fixtures/${name}`

  const child = spawnSync(
    process.execPath,
    [fixture('loading-child.mjs'), fixture('loading-task.mjs'), '40'],
    { encoding: 'utf8', env: { ...process.env, KATYDID_PROGRAMS: folder }, timeout: 120_000 },
  )

  t.is(child.stdout.trim(), 'ended 40', child.stderr.slice(-500))
  t.is(child.status, 0)
})
