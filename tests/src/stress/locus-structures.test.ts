import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { LocusMachine } from '../locus/support/locus-machine.js'

const module = new URL('../locus/support/programs.js', import.meta.url).href

async function together(
  machine: LocusMachine,
  entry: string,
  blocks: readonly unknown[],
): Promise<unknown[]> {
  const ends = await Promise.all(
    blocks.map((block, slot) =>
      machine.run(slot, { program: { module, entry }, block: encodeBlock(block) }),
    ),
  )
  for (const end of ends) if (end.status !== 'ok') throw new Error(`${end.status}: ${end.detail}`)
  return ends.map((end) => decodeBlock(end.block))
}

test('[LO37] several loci count in one map, with fewer frames than pages, and nothing is lost', async (t) => {
  const machine = new LocusMachine({ pages: 1024, frames: 40 })
  const rounds = 6000
  const seeds = [1, 22, 333]

  await together(
    machine,
    'mapCounter',
    seeds.map((seed) => ({ keys: 8000, rounds, seed })),
  )
  const [totals] = await together(machine, 'mapTotals', [undefined])

  const { first, second, keys, size } = totals as Record<string, number>
  t.is(first, rounds * seeds.length)
  t.is(second, 3 * rounds * seeds.length)
  t.is(keys, size)
  t.true(machine.pager.evictions > 500, `${machine.pager.evictions} evictions`)
  await machine.close()
})

test('[LO37] several loci set, read and delete in one map that grows', async (t) => {
  const machine = new LocusMachine({ pages: 512, frames: 100 })

  const wrong = await together(
    machine,
    'mapChurner',
    [1, 2, 3].map((me) => ({ me, rounds: 2500 })),
  )
  const [totals] = await together(machine, 'mapTotals', [undefined])

  t.deepEqual(wrong, [0, 0, 0])
  t.like(totals, { keys: 0, size: 0 })
  await machine.close()
})

test('[LO37] several loci allocate from one heap, and no block is given twice', async (t) => {
  const machine = new LocusMachine({ pages: 256, frames: 30 })

  const results = await together(
    machine,
    'allocator',
    [1, 2, 3].map((me) => ({ me, rounds: 6000 })),
  )

  for (const result of results) t.is((result as { wrong: number }).wrong, 0)
  t.is(Math.min(...results.map((result) => (result as { blocks: number }).blocks)), 0)
  await machine.close()
})

test('[LO42] one at a time holds a lock', async (t) => {
  const machine = new LocusMachine({ pages: 64, frames: 8 })

  const counts = await together(machine, 'locker', [4000, 4000, 4000])

  t.is(Math.max(...(counts as number[])), 12_000)
  await machine.close()
})

test('[LO12] no wake-up is lost between two loci that take turns', async (t) => {
  const machine = new LocusMachine({ pages: 64, frames: 8 })

  const naps = await together(
    machine,
    'tennis',
    [0, 1].map((me) => ({ me, rounds: 3000 })),
  )

  for (const each of naps) t.is(typeof each, 'number', String(each))
  await machine.close()
})
