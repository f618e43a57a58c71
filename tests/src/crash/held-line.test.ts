/** SI: a locus that never rests, on threads and on a small disk: whoever it invokes works on, however long that lasts, and the line comes when it rests. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const mib = 1024 ** 2
/** Long enough for the disk to be full of snapshots if each stayed. */
const heldMs = 30_000

test('[SI191] four MiB are rewritten and captured over and over on a disk of 64 MiB while the line is held: nobody finds it full, and then the line comes', async (t) => {
  const words = new Int32Array(new SharedArrayBuffer(16))
  setEnvironmentData('held-line', words.buffer)
  const world = await openForTest(t, {
    dir: temporaryFolder(t),
    frames: 2048,
    snapshotEveryMs: 200,
    diskBytes: 64 * mib,
  })
  const troubles: string[] = []
  for (const kind of ['trouble', 'failed', 'capture_failed', 'rollback'] as const)
    world.on(kind, (event) => troubles.push(JSON.stringify(event)))
  const program = fixture('held-line')
  const shared = await world.createContainer({ name: 'shared', program, size: 4 * mib })
  const home = await world.createContainer({ name: 'home', program, size: 4 * mib })
  const to = await world.grant(home, shared)
  await world.snapshot()
  const loci = [
    await world.startLocus(shared, { name: 'worker', args: { role: 'worker' } }),
    await world.startLocus(home, { name: 'hog', args: { role: 'hog', to } }),
  ]
  const results = loci.map((each) => each.result())

  await sleep(heldMs)
  const during = (await world.status()).report as { epoch: number; line: number }
  const { pointsGivenUp } = world.counters()
  const before = [...words]
  // Longer than an epoch may hold it.
  await sleep(4000)
  const after = [...words]
  Atomics.store(words, 0, 1)
  let now = during
  for (let waited = 0; now.line <= during.epoch && waited < 20_000; waited += 100) {
    await sleep(100)
    now = (await world.status()).report as typeof during
  }
  Atomics.store(words, 1, 1)

  t.deepEqual(troubles, [])
  t.deepEqual(await Promise.all(results.map(async (each) => (await each).result)), [0, 0])
  t.true(during.epoch - during.line > 4, `${during.line} of ${during.epoch}`)
  t.true(pointsGivenUp > 2, `${pointsGivenUp}`)
  t.true(after[2]! > before[2]! && after[3]! > before[3]!, `${before.join()} ${after.join()}`)
  t.true(now.line > during.epoch, `${now.line} of ${now.epoch}`)
})
