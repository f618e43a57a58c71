/** Programs that choose a manager for the containers they make. On real threads and a real file. */
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { fixture, openForTest } from '../support/worlds.js'

const readAhead = new URL(import.meta.resolve('@katydid/managers/read-ahead/read-ahead.worker.js'))
const demandZero = new URL(
  import.meta.resolve('@katydid/managers/demand-zero/demand-zero.worker.js'),
)

test('[LO91] a program makes containers for demand-zero, read-ahead and the first manager, and pages in all of them', async (t) => {
  const world = await openForTest(t, {
    dir: temporaryFolder(t),
    managers: [
      { name: 'demand-zero' },
      { name: 'read-ahead', module: readAhead },
      { name: 'full', module: demandZero, options: { mostContainers: 1 } },
    ],
  })
  const managers = ['demand-zero', 'read-ahead', '', 'full']
  const args = { managers, pages: 80, rounds: 3, refusing: ['full', 'nobody'] }

  const { result } = await world.run(fixture('chooses-managers'), {
    args,
    container: { size: 5 * 80 * 4096 },
  })

  t.deepEqual(result, { wrong: 0, refused: ['no_manager', 'bad_argument'] })
  const { containers } = await world.status()
  const found = containers.filter(({ name }) => name.startsWith('by '))
  t.deepEqual(Object.fromEntries(found.map(({ name, manager }) => [name, manager])), {
    'by demand-zero': '4',
    'by read-ahead': '5',
    'by the first': '3',
    'by full': '6',
  })
  t.true(world.counters().discardsDirty > 0)
})

test('[LO91] what it made is there again after the world was opened anew, each as its manager promises', async (t) => {
  const dir = temporaryFolder(t)
  const options = {
    dir,
    managers: [{ name: 'demand-zero' }],
  } as const
  const args = { managers: ['demand-zero', ''], pages: 20, rounds: 2, refusing: [] }
  const world = await openForTest(t, options)
  await world.run(fixture('chooses-managers'), { args, container: { size: 4 * 20 * 4096 } })
  await world.close()

  const again = await openForTest(t, options)
  const program = fixture('reads-word')
  const words = await Promise.all(
    ['by demand-zero', 'by the first'].map(async (name) => {
      const container = await again.createContainer({ name, program })
      const locus = await again.startLocus(container, { name: `reads ${name}`, args: 4096 })
      return (await locus.result()).result
    }),
  )

  t.deepEqual(words, ['0', String(1_000_000 + 100 + 2)])
})
