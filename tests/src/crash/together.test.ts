/** Machines whose small actors share a thread. */
import { machineWords } from '@katydid/abi'
import test from 'ava'
import { openWorld } from 'katydid'
import fs from 'node:fs'
import { temporaryFolder } from '../support/folders.js'
import { watchMemory } from '../support/memory-ways.js'
import { hear, openSeveral, problemsOf, work } from '../support/several.js'

const job = { pages: 8, rounds: 20, pauseMs: 5 }
const tasks = (): number => fs.readdirSync('/proc/self/task').length
const machineOf = (region: SharedArrayBuffer): number =>
  new Int32Array(region)[machineWords.at.machineId]!

test.serial(
  '[WO120] [WO89] with threads together a machine has four, of its memory alone, and does all that it does with six',
  async (t) => {
    const ways = watchMemory()
    t.teardown(() => ways.restore())
    const before = tasks()
    const world = await openSeveral(t, 3, { dir: temporaryFolder(t), threads: 'together' })
    const threads = tasks() - before
    const told = hear(world)
    const loci = await Promise.all([1, 2, 3].map((machine) => work(world, machine, job)))
    await world.snapshot()
    await world.killMachine(2)
    await world.restartMachine(2)
    await Promise.all(loci.map((each) => each.result()))
    await world.close()

    // Threads of Node’s own pool may come and go.
    t.true(threads >= 12 && threads <= 12 + 8, `${threads}`)
    for (const machine of [1, 2, 3]) t.deepEqual(problemsOf(told.get(machine)!, job), [])
    const regions = [...ways.regions()].filter(([, each]) => each.size > 0)
    for (const [name, each] of regions)
      t.is(each.size, 1, `${name} reaches machines ${[...each].map(machineOf).join(' and ')}`)
    const names = regions.map(([name]) => name)
    t.is(names.filter((name) => name.startsWith('kernel')).length, 4)
    t.false(names.some((name) => /console|network/.test(name)))
  },
)

for (const part of ['kernel', 'network'] as const)
  test.serial(
    `[WO121] they end together, and their machine is started again: ${part}`,
    async (t) => {
      const world = await openSeveral(t, 2, { dir: temporaryFolder(t), threads: 'together' })
      const told = hear(world)
      const loci = await Promise.all([1, 2].map((machine) => work(world, machine, job)))
      await world.snapshot()
      await world.crash(part, { machine: 2 })
      await Promise.all(loci.map((each) => each.result()))
      const views = await world.machines()
      await world.close()

      for (const machine of [1, 2]) t.deepEqual(problemsOf(told.get(machine)!, job), [])
      t.deepEqual(
        views.map(({ incarnation, state }) => [incarnation, state]),
        [
          [1, 'open'],
          [2, 'open'],
        ],
      )
    },
  )

test.serial(
  '[WO122] how a world has its threads is chosen at each opening, also of a world of one',
  async (t) => {
    const dir = temporaryFolder(t)
    for (const [nth, threads] of (['together', 'apart', 'together'] as const).entries()) {
      const world = await openWorld({ dir, threads })
      const { result, resumed } = await (await work(world, 1, job)).result()
      t.deepEqual([result, resumed], [job.rounds, nth > 0])
      await world.close()
    }
    const wrong = { dir, threads: 'many' as 'apart' }
    const error = await t.throwsAsync(openWorld(wrong))
    t.regex(error.message, /Threads must be apart or together, not many/)
  },
)
