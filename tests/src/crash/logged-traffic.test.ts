/** SI: nested invocations that never rest by themselves, on threads: through logged containers nobody needs a drain for them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import type { ServiceLevel } from '@katydid/abi'
import test, { type ExecutionContext } from 'ava'
import type { Container, EventOf, World } from 'katydid'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const program = fixture('logged-traffic')
const walkers = [0, 1, 2]
const [shopCount, lookMs, looks] = [3, 50, 60]

interface Report {
  readonly epoch: number
  readonly line: number
  readonly lagging: object | null
  readonly drains: { readonly count: number; readonly maxMs: number }
}

interface Found {
  readonly told: readonly (EventOf<'line_lagging'> | EventOf<'not_logged'>)[]
  /** How far the line was behind, at each look. */
  readonly behind: readonly number[]
  readonly report: Report
  readonly rounds: readonly number[]
}

/** Three loci, rooted in containers with snapshots, go through three shops of this level, from each on into the next, for three seconds. */
async function traffic(t: ExecutionContext, level: ServiceLevel): Promise<Found> {
  const words = new Int32Array(new SharedArrayBuffer(64))
  setEnvironmentData('traffic', words.buffer)
  const managers = level === 'snapshotting' ? [] : [{ name: level }]
  const world = await openForTest(t, { dir: temporaryFolder(t), snapshotEveryMs: 100, managers })
  const told: Found['told'][number][] = []
  world.on('line_lagging', (event) => told.push(event))
  world.on('not_logged', (event) => told.push(event))
  await begin(world, managers)
  const behind: number[] = []
  for (let look = 0; look < looks; look++) {
    await sleep(lookMs)
    const { epoch, line } = await reportOf(world)
    behind.push(epoch - line)
  }
  const report = await reportOf(world)
  Atomics.store(words, 0, 1)
  return { told, behind, report, rounds: walkers.map((own) => words[4 + own]!) }
}

/** Each walker has shops of its own: what it does in one of them is nobody else's. */
async function begin(world: World, managers: readonly { readonly name: string }[]): Promise<void> {
  const of = managers.length === 0 ? {} : { manager: managers[0]!.name }
  for (const own of walkers) {
    const home = await world.createContainer({ name: `home ${own}`, program, size: 65_536 })
    const shops: Container[] = []
    for (let nth = 0; nth < shopCount; nth++) {
      const name = `shop ${own} ${nth}`
      shops.push(await world.createContainer({ name, program, size: 65_536, ...of }))
    }
    let onward: unknown = null
    for (let nth = shopCount - 1; nth > 0; nth--)
      onward = { cap: await world.grant(shops[nth - 1]!, shops[nth]!), onward }
    const shop = { cap: await world.grant(home, shops[0]!), onward }
    await world.startLocus(home, { name: `walker ${own}`, args: { shop, own } })
  }
}

const reportOf = async (world: World): Promise<Report> => (await world.status()).report as Report

test.serial(
  '[SI203] what goes on and on through deterministic containers needs no drain, never lags and is never more than two epochs behind; the same through others needs drains',
  async (t) => {
    const others = await traffic(t, 'snapshotting')
    const logged = await traffic(t, 'deterministic')

    t.deepEqual(logged.told, [])
    // None, unless the machine does so much else that an epoch takes longer than two periods.
    t.true(logged.report.drains.count < others.report.drains.count)
    t.true(Math.max(...logged.behind) <= 2, logged.behind.join())
    t.true(logged.report.line > 5, `${logged.report.line} of ${logged.report.epoch}`)
    for (const { rounds } of [others, logged])
      for (const made of rounds) t.true(made > 0, rounds.join())
    for (const { report, rounds, behind } of [others, logged])
      t.log(
        `${rounds.join(' + ')} rounds, ${report.epoch} epochs, ${report.drains.count} drains of ${Math.round(report.drains.maxMs)} ms at the most, behind ${Math.max(...behind)} at the most`,
      )
  },
)
