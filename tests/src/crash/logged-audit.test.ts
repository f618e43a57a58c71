/** Audits on real threads and a real file: a program that reaches around is found out, and an honest one never is. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorldEvent } from '@katydid/abi'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const visits = 900

interface Report {
  readonly audits: { readonly begun: number; readonly givenUp: number }
}

test.serial(
  '[SI114] a program that reaches around by a reference from when its module was loaded is found out, and goes on with snapshots; an honest one is not',
  async (t) => {
    const dir = temporaryFolder(t)
    const world = await openForTest(t, {
      dir,
      managers: [{ name: 'deterministic' }],
      frames: 256,
      loci: 8,
      snapshotEveryMs: 100,
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
      const args = {
        till: await world.grant(desk, till),
        sneaks: name === 'sneaky',
        shared: visits,
      }
      const locus = await world.startLocus(desk, { name: `visitor of ${name}`, args })
      work.push(locus.result())
    }
    const results = await Promise.all(work)
    await sleep(300)
    const { audits } = (await world.status()).report as Report

    t.deepEqual(
      results.map(({ result }) => result),
      [visits, visits],
    )
    const differed = heard.flatMap((each) =>
      each.kind === 'replay_differed' ? [[each.container, each.detail] as const] : [],
    )
    t.deepEqual(
      differed.map(([container]) => container),
      ['sneaky'],
    )
    t.regex(differed[0]![1], /does not hold what it held/)
    t.is(heard.length, 1, JSON.stringify(heard))
    t.log(JSON.stringify(audits))
    t.true(audits.begun - audits.givenUp >= 3, JSON.stringify(audits))
  },
)
