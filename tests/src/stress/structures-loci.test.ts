/** One tree, log and vector under several loci on threads of their own, with fewer frames than pages. */
import { decodeBlock, encodeBlock } from '@katydid/locus'
import test, { type ExecutionContext } from 'ava'
import { LocusMachine } from '../locus/support/locus-machine.js'

const module = new URL('../locus/support/structure-programs.js', import.meta.url).href

interface Result {
  readonly wrong: readonly string[]
  readonly [more: string]: unknown
}

function machineFor(t: ExecutionContext, shape: { pages: number; frames: number }): LocusMachine {
  const machine = new LocusMachine(shape)
  t.teardown(() => machine.close())
  return machine
}

/** Starts a locus for each task, all at once, and waits for their ends. */
async function together(
  machine: LocusMachine,
  tasks: readonly (readonly [entry: string, block?: unknown])[],
): Promise<Result[]> {
  const ends = await Promise.all(
    tasks.map(([entry, block], slot) =>
      machine.run(slot, { program: { module, entry }, block: encodeBlock(block) }),
    ),
  )
  for (const end of ends) if (end.status !== 'ok') throw new Error(`${end.status}: ${end.detail}`)
  return ends.map((end) => decodeBlock(end.block) as Result)
}

test('[LO29] several loci set, delete, read and walk in one tree, with fewer frames than pages', async (t) => {
  const machine = machineFor(t, { pages: 1024, frames: 60 })
  await together(machine, [['treeFiller']])

  const results = await together(machine, [
    ['treeChurner', { me: 0, rounds: 4000 }],
    ['treeChurner', { me: 1, rounds: 4000 }],
    ['treeChurner', { me: 2, rounds: 4000 }],
    ['treeReader', { me: 3, rounds: 6 }],
  ])
  const [totals] = await together(machine, [['treeTotals']])

  for (const { wrong, kept } of results) t.deepEqual([wrong, kept], [[], 0])
  t.like(totals, { size: 300, entries: 300, left: 0, height: 1, blocks: 2 })
  t.true((results[0]!['walked'] as number) > 1000)
  t.true(machine.pager.evictions > 100, `${machine.pager.evictions} evictions`)
})

test('[LO29] several loci append to one log while another follows it', async (t) => {
  const machine = machineFor(t, { pages: 1024, frames: 40 })

  const results = await together(machine, [
    ['logWriter', { me: 0, rounds: 2500 }],
    ['logWriter', { me: 1, rounds: 2500 }],
    ['logReader', { me: 2, rounds: 2500 }],
  ])

  for (const { wrong } of results) t.deepEqual(wrong, [])
  t.like(results[2], { met: 5000, blocks: 2 })
  t.true(machine.pager.evictions > 50, `${machine.pager.evictions} evictions`)
})

test('[LO29] several loci push, pop and read one vector, and what was pushed is popped once', async (t) => {
  const machine = machineFor(t, { pages: 512, frames: 30 })

  const results = await together(
    machine,
    [0, 1, 2].map((me) => ['vectorWorker', { me, rounds: 3000 }]),
  )
  const [totals] = await together(machine, [['vectorTotals']])

  const sum = (field: string): number =>
    results.reduce((total, result) => total + (result[field] as number), 0)
  for (const { wrong } of [...results, totals!]) t.deepEqual(wrong, [])
  t.like(totals, { balance: sum('balance'), valueBalance: sum('valueBalance'), blocks: 2 })
})

test('[LO29] nobody reads a value of which a part has been overwritten', async (t) => {
  const machine = machineFor(t, { pages: 128, frames: 100 })

  const [, observed] = await together(machine, [
    ['overwriter', { me: 0, rounds: 20_000 }],
    ['observer', { me: 1, rounds: 0 }],
  ])

  t.deepEqual(observed!.wrong, [])
  t.true((observed!['seen'] as number) > 1000, `${String(observed!['seen'])} values`)
})
