/** A working world killed at random moments, and a manager killed under it. The long campaign is `npm run crash:kill`. */
import test from 'ava'
import { importScript } from '../support/house.js'

interface KillLoop {
  readonly killLoop: (options: {
    readonly times: number
    readonly seed: number
    readonly job?: object
  }) => Promise<{
    kills: number
    resumed: number
    outcome: { result: { round: number }; other?: { round: number }; managers?: string[] }
  }>
}

test('[WO8] a world killed at random moments goes on from what was recoverable, to the right result', async (t) => {
  const { killLoop } = await importScript<KillLoop>('kill-loop.mjs')

  const { kills, resumed, outcome } = await killLoop({
    times: 6,
    seed: 20,
    job: { args: { rounds: 250 } },
  })

  t.is(kills, 6)
  t.true(resumed >= 3)
  t.is(outcome.result.round, 250)
})

test('[MG75] a world with two self-managing managers, each with containers of its own, is killed at random moments, and both come to the right result', async (t) => {
  const { killLoop } = await importScript<KillLoop>('kill-loop.mjs')

  const { kills, resumed, outcome } = await killLoop({
    times: 5,
    seed: 33,
    job: { twoManagers: true, args: { rounds: 100, pages: 200 } },
  })

  t.is(kills, 5)
  t.true(resumed >= 2)
  t.is(outcome.result.round, 100)
  t.is(outcome.other?.round, 100)
  t.deepEqual(outcome.managers?.toSorted(), ['3', '4'])
})

test('[WO9] a manager that dies again and again costs work and nothing else', async (t) => {
  const { killLoop } = await importScript<KillLoop>('kill-loop.mjs')

  const { outcome } = await killLoop({
    times: 0,
    seed: 1,
    job: { crashManagerAfterMs: [150, 600, 1200], args: { rounds: 100 } },
  })

  t.is(outcome.result.round, 100)
})

test('[WO66] a world that finds its line only when asked is killed at random moments and loses its manager, and comes to the right result', async (t) => {
  const { killLoop } = await importScript<KillLoop>('kill-loop.mjs')
  const job = { line: 'lazy', crashManagerAfterMs: [400], args: { rounds: 200 } }

  const { kills, resumed, outcome } = await killLoop({ times: 4, seed: 27, job })

  t.is(kills, 4)
  t.true(resumed >= 2, `${resumed} times it went on`)
  t.is(outcome.result.round, 200)
})
