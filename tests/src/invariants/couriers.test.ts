/** Invariants of whole simulated worlds, told by what couriers wrote down: the small part of `npm run fuzz -- --couriers`. */
import test from 'ava'
import { courierCourses } from './courier-courses.js'
import { CourierLedger, CourierWorld, courierShape, twoManagers } from './courier-world.js'
import { epochTimes } from './epoch-times.js'
import { faultsIn, type Papers } from './papers.js'
import { cutAtPromises } from './promised-cuts.js'
import { interruptRecovery, mishaps } from './recovery-faults.js'

test('[SI122] I1, I2, I5, I6, I8, I9, I13, I15: every announced line and every return is whole by what was written down', async (t) => {
  const found = await courierCourses({ seed: 2026, trips: 2500 })

  t.is(found.failure, null)
  const enough = found.lines > 200 && found.rollbacks > 20 && found.acknowledged > 800
  t.true(enough, JSON.stringify(found))
})

test('[SI123] I7, I11, I21: what managers are told and answer is true of what their containers held, and told once', async (t) => {
  const found = await courierCourses({ seed: 4052, trips: 2000 })

  t.is(found.failure, null)
  t.true(found.upcalls > 1000 && found.answers > 400, JSON.stringify(found))
  t.true(found.mostHeld <= 6, `${found.mostHeld} snapshots of one container were held`)
})

test('[SI123] I4, I11: what a manager has said to be stable is there after a power cut at that very step', async (t) => {
  let cuts = 0
  for (let seed = 1; seed <= 5; seed++) {
    const found = await cutAtPromises(seed, 6)

    t.deepEqual(found.wrong, [], `seed ${seed}`)
    cuts += found.cuts
  }
  t.true(cuts >= 20, `${cuts} cuts`)
})

for (const mishap of mishaps)
  test(`[SI124] I4, I17: a recovery that is interrupted loses nothing, and the next has the same contents: ${mishap}`, async (t) => {
    const { wrong, interrupted } = await interruptRecovery({ seed: 5, every: 3, mishap })

    t.deepEqual(wrong, [])
    t.true(interrupted >= 5, `${interrupted} recoveries`)
  })

for (const [name, shape] of Object.entries({ 'one manager': courierShape, two: twoManagers }))
  test(`[SI125] I18: each epoch is on the line soon after everybody has come to rest, two are lost at most: ${name}`, async (t) => {
    for (const everyMs of [20, 100]) {
      const { wrong, latestMs, mostOnTheWay, epochs } = await epochTimes({
        shape,
        everyMs,
        runs: 4,
      })

      t.deepEqual(wrong, [])
      t.true(epochs > 10, `${epochs} epochs`)
      t.true(mostOnTheWay <= 3, `${mostOnTheWay} epochs on the way, the newest among them`)
      const bound = 2 * everyMs + longestTripMs + messagesMs
      t.true(latestMs <= bound, `${latestMs} ms, at most ${bound}`)
    }
  })

/** Three visits, each of 30 ms at most. */
const longestTripMs = 90
/** Faults, snapshots and barriers, of which each takes 2 ms at most. */
const messagesMs = 60

test('[AC16] I22: couriers, managers and losses are the same for the same seed, to the last message', async (t) => {
  const run = async (seed: number): Promise<string> => {
    const couriers = new CourierWorld(seed, new CourierLedger(), twoManagers)
    await couriers.begin()
    couriers.world.run(40)
    couriers.world.killLocus(couriers.world.lociPorts()[0]!)
    couriers.world.run(60)
    couriers.world.killManager()
    await couriers.finish()
    return `${couriers.world.sim.traceHash()} ${couriers.world.sim.steps}`
  }

  const [one, again, other] = [await run(7), await run(7), await run(8)]

  t.is(one, again)
  t.not(one, other)
})

test('[SI122] the judge of the papers finds a trip that one side does not know, one that is there twice, and one that is half there', (t) => {
  const papers = (sent: number[], received: number[], returned: number[]): Papers => ({
    sent,
    received,
    returned,
  })
  const good = [papers([1], [], [1]), papers([], [1], [])]

  t.deepEqual(faultsIn(good, true), [])
  t.regex(
    faultsIn([papers([], [], []), papers([], [1], [])], false).join(),
    /received and never sent/,
  )
  t.regex(faultsIn([papers([1], [], [1]), papers([], [], [])], false).join(), /never received/)
  t.regex(faultsIn([papers([1], [], [1]), papers([], [1, 1], [])], false).join(), /twice received/)
  t.deepEqual(faultsIn([papers([1], [], []), papers([], [], [])], false), [])
  t.regex(faultsIn([papers([1], [], []), papers([], [], [])], true).join(), /never returned/)
})
