/** Sixteen machines in one process: opened, worked in, closed, opened again. */
import test from 'ava'
import fs from 'node:fs'
import { temporaryFolder } from '../support/folders.js'
import { openSeveral, work } from '../support/several.js'

const count = 16
const all = Array.from({ length: count }, (_, nth) => nth + 1)
const threads = (): number => fs.readdirSync('/proc/self/task').length

test.serial(
  '[WO95] sixteen machines run with six threads each, and leave none behind',
  async (t) => {
    t.timeout(300_000)
    const dir = temporaryFolder(t)
    const before = threads()
    const beganMs = performance.now()
    const world = await openSeveral(t, count, { dir })
    const openMs = performance.now() - beganMs
    const running = threads()
    const rss = process.memoryUsage().rss / 1024 ** 2
    const job = { pages: 10, rounds: 5, pauseMs: 5 }
    const loci = await Promise.all(all.map((machine) => work(world, machine, job)))
    const results = await Promise.all(loci.map((each) => each.result()))
    await world.killMachine(7)
    await world.restartMachine(7)
    await world.close()
    const left = threads()
    const again = await openSeveral(t, count, { dir })
    const stored = await (await work(again, 7, job)).result()
    const views = await again.machines()
    await again.close()

    t.deepEqual(
      results.map(({ result }) => result),
      all.map(() => 5),
    )
    t.like(stored, { result: 5, resumed: true })
    t.deepEqual(
      views.map(({ machine, state, incarnation }) => [machine, state, incarnation]),
      all.map((machine) => [machine, 'open', machine === 7 ? 3 : 2]),
    )
    // Threads of Node’s own pool may come and go.
    t.true(
      running - before >= 6 * count && running - before <= 6 * count + 8,
      `${running - before}`,
    )
    t.true(left - before <= 8, `${left - before} threads are left`)
    t.log(`open in ${openMs.toFixed(0)} ms, ${running - before} threads, ${rss.toFixed(0)} MiB`)
  },
)
