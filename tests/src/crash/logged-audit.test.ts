/** Audits on real threads and a real file: a program that reaches around is found out, and an honest one never is. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import type { WorldEvent } from '@katydid/abi'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

/** So many audits that came to an end are enough; and so long at the most, on a machine that has other work. */
const [enough, mostMs] = [5, 120_000]

interface Report {
  readonly audits: { readonly begun: number; readonly givenUp: number }
}

test.serial(
  '[SI114] a program that reaches around by a reference from when its module was loaded is found out, and goes on with snapshots; an honest one is not',
  async (t) => {
    const shared = new Int32Array(new SharedArrayBuffer(4))
    setEnvironmentData('katydid audits', shared.buffer)
    const dir = temporaryFolder(t)
    const world = await openForTest(t, {
      dir,
      managers: [{ name: 'deterministic' }],
      frames: 256,
      loci: 8,
      snapshotEveryMs: 200,
      auditEvery: 1,
    })
    const heard: WorldEvent[] = []
    for (const kind of ['rollback', 'replay_differed', 'failed', 'trouble'] as const)
      world.on(kind, (event) => heard.push(event))
    const program = fixture('audited-till')
    const work = []
    for (const name of ['honest', 'sneaky']) {
      const till = await world.createContainer({ name, program, manager: 'deterministic' })
      const desk = await world.createContainer({ name: `desk of ${name}`, program })
      const cap = await world.grant(desk, till)
      const args = { till: cap, sneaks: name === 'sneaky' }
      const locus = await world.startLocus(desk, { name: `visitor of ${name}`, args })
      work.push(locus.result())
    }
    const audits = async (): Promise<number> => {
      const { begun, givenUp } = ((await world.status()).report as Report).audits
      return begun - givenUp
    }
    const isFound = (): boolean => heard.some(({ kind }) => kind === 'replay_differed')
    const untilMs = Date.now() + mostMs
    while (Date.now() < untilMs && !(isFound() && (await audits()) > enough)) await sleep(100)
    Atomics.store(shared, 0, 1)
    const results = await Promise.all(work)

    t.true(results.every(({ result }) => Number(result) > 0))
    const differed = heard.flatMap((each) =>
      each.kind === 'replay_differed' ? [[each.container, each.detail] as const] : [],
    )
    t.deepEqual(
      differed.map(([container]) => container),
      ['sneaky'],
    )
    t.regex(differed[0]![1], /does not hold what it held/)
    t.is(heard.length, 1, JSON.stringify(heard))
    t.true((await audits()) > enough)
  },
)
