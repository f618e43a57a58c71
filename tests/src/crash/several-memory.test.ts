/** No worker of one machine can reach another machine's memory. */
import { machineWords } from '@katydid/abi'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { watchMemory } from '../support/memory-ways.js'
import { openSeveral, work } from '../support/several.js'

/** The number of the machine whose region it is. */
const machineOf = (region: SharedArrayBuffer): number =>
  new Int32Array(region)[machineWords.at.machineId]!

test.serial(
  '[WO89] every worker of a world of three machines is handed one region, that of its machine',
  async (t) => {
    const ways = watchMemory()
    t.teardown(() => ways.restore())
    const world = await openSeveral(t, 3, { dir: temporaryFolder(t) })
    const job = { pages: 8, rounds: 20, pauseMs: 5 }
    const loci = await Promise.all([1, 2, 3].map((machine) => work(world, machine, job)))
    await Promise.all(loci.map((each) => each.result()))
    await world.killMachine(2)
    await world.restartMachine(2)
    await world.crash('network', { machine: 1 })
    await world.createContainer({ name: 'more', machine: 1 })
    await world.close()

    const regions = [...ways.regions()].filter(([, each]) => each.size > 0)
    const kinds = regions.map(([name]) => name.replace(/ \d+$/, ''))
    const lives = new Set(regions.flatMap(([, each]) => [...each]))

    for (const [name, each] of regions)
      t.is(each.size, 1, `${name} reaches machines ${[...each].map(machineOf).join(' and ')}`)
    // Six actors of each of four lives, one driver more, and threads of loci.
    for (const kind of ['kernel', 'disk driver', 'barrier thread', 'console driver', 'manager 3'])
      t.is(kinds.filter((each) => each === kind).length, 4, kind)
    t.is(kinds.filter((each) => each === 'network driver').length, 5)
    t.true(kinds.filter((each) => each === 'worker').length >= 3)
    t.is(lives.size, 4)
    t.deepEqual(
      [...lives].map(machineOf).sort((a, b) => a - b),
      [1, 2, 2, 3],
    )
  },
)
