import { asContainer } from '@katydid/abi'
import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { capsOf, loggedMachine, module, place } from './support/logged.js'
import type { LocusMachine } from './support/locus-machine.js'

const turnOf = (machine: LocusMachine): number =>
  machine.region.containerWord(asContainer(place.logged), 'turn')

/** Loci that each visit the logged container so often, staying 1 ms; what each was answered. */
async function crowd(machine: LocusMachine, loci: number, visits: number): Promise<unknown[][]> {
  const ends = await Promise.all(
    Array.from({ length: loci }, (_, slot) =>
      machine.run(slot, {
        program: { module, entry: 'visitor' },
        block: encodeBlock({
          to: capsOf(machine, slot)[0],
          blocks: Array.from({ length: visits }, () => encodeBlock(1)),
        }),
      }),
    ),
  )
  machine.pager.evictAll()
  return ends.map((end) => decodeBlock(end.block) as unknown[])
}

test('[LO120] one visit at a time goes into a logged container, and each that waits has its turn', async (t) => {
  const machine = loggedMachine('deterministic', 'stays')

  const results = await crowd(machine, 4, 25)

  for (const each of results)
    t.deepEqual(
      each.map((block) => decodeBlock(block as Uint8Array)),
      Array.from({ length: 25 }, () => 1),
    )
  t.is(machine.pager.word(place.logged, 8), 1)
  t.is(machine.logged.length, 100)
  t.true(machine.logged.every(({ turn }) => turn > 0))
  t.is(machine.region.words.load(turnOf(machine)), 0)
  await machine.close()
})

test('[LO120] the turn goes round: nobody has it again while another waits', async (t) => {
  const machine = loggedMachine('deterministic', 'stays')

  await crowd(machine, 3, 400)

  const turns = machine.logged.map(({ turn }) => turn)
  // While all three are there: between the first visit of the last to come and the last visit of the first to go.
  const from = Math.max(...[1, 2, 3].map((turn) => turns.indexOf(turn)))
  const to = Math.min(...[1, 2, 3].map((turn) => turns.lastIndexOf(turn)))
  const together = turns.slice(from, to)
  const longest = together.reduce(
    ({ most, run, last }, turn) => {
      const now = turn === last ? run + 1 : 1
      return { most: Math.max(most, now), run: now, last: turn }
    },
    { most: 0, run: 0, last: 0 },
  ).most
  t.true(together.length > 10, turns.join(''))
  t.true(longest <= 3, turns.join(''))
  await machine.close()
})

test('[LO120] many may be in a container that is not logged', async (t) => {
  const machine = loggedMachine('snapshotting', 'stays')

  await crowd(machine, 4, 10)

  t.true(machine.pager.word(place.logged, 8) > 1)
  await machine.close()
})

test('[LO120] a turn whose holder was lost is taken once the kernel has cleared it; one that is held for long is busy', async (t) => {
  const machine = loggedMachine('deterministic', 'stays')
  const { words } = machine.region
  words.store(turnOf(machine), 8)
  const visit = (slot: number) =>
    machine.run(slot, {
      program: { module, entry: 'visitor' },
      block: encodeBlock({ to: capsOf(machine, slot)[0], blocks: [encodeBlock(1)] }),
    })
  const first = visit(0)
  setTimeout(() => words.store(turnOf(machine), 0), 700)
  t.deepEqual(
    (decodeBlock((await first).block) as Uint8Array[]).map((block) => decodeBlock(block)),
    [1],
  )

  words.store(turnOf(machine), 8)
  const before = performance.now()
  const [refused] = decodeBlock((await visit(1)).block) as string[]

  t.regex(refused!, /^busy: locus 7 has been visiting the container for more than 10 s/)
  t.true(performance.now() - before >= 10_000)
  t.is(words.load(machine.region.containerWord(asContainer(place.logged), 'frames')), 0)
  t.is(words.load(turnOf(machine)), 8)
  await machine.close()
})
