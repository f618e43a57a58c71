/** What the loss of a manager costs at each quality of service, when nobody stands in what is lost. The campaign is `npm run bank -- --levels`. */
import type { ServiceLevel } from '@katydid/abi'
import test from 'ava'
import { runLevel, type LevelsResult } from '../campaign/levels.js'

/** Nothing is captured but what begins it; one visit in three is dated by the thread’s own clock. */
const lossesOf = (level: ServiceLevel, dated: number): Promise<LevelsResult> =>
  runLevel({
    level,
    seconds: 60,
    tellers: 3,
    clerks: 2,
    patron: false,
    dated,
    snapshotEveryMs: 0,
    killEveryMs: 600,
    kills: ['aside'],
    mostKills: 2,
  })

for (const [level, dated] of [
  ['snapshotting', 0],
  ['transactional', 0],
  ['logging', 3],
] as const)
  test.serial(
    `[SI216] ${level} tellers that are lost take back every till that knows of them${dated > 0 ? ', where visits look at the clock' : ''}`,
    async (t) => {
      const { returns, wrong } = await lossesOf(level, dated)

      t.deepEqual(wrong, [])
      t.is(returns.length, 2)
      for (const { dragged, transfers } of returns) {
        t.is(dragged, 2)
        t.true(transfers > 0)
      }
    },
  )

for (const [level, dated] of [
  ['logging', 0],
  ['deterministic', 3],
] as const)
  test.serial(
    `[SI216] ${level} tellers that are lost go back alone, and no transfer is made again${dated > 0 ? ', though visits look at the clock' : ''}`,
    async (t) => {
      const { returns, wrong } = await lossesOf(level, dated)

      t.deepEqual(wrong, [])
      t.is(returns.length, 2)
      for (const { moved, dragged, transfers } of returns)
        t.deepEqual({ moved, dragged, transfers }, { moved: 3, dragged: 0, transfers: 0 })
    },
  )
