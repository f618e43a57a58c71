/** What the library makes of transactions, on a locus's own thread: the test plays the kernel. */
import { asContainer } from '@katydid/abi'
import { decodeBlock, encodeBlock } from '@katydid/locus'
import test from 'ava'
import { LocusMachine } from '../locus/support/locus-machine.js'

const module = new URL('../locus/support/programs.js', import.meta.url).href

/** A locus of container 0 with a transaction on container 1, whose commits are answered in that order. */
async function transact(
  commits: LocusMachine['commits'],
  { fails = false, retries = 5 }: { readonly fails?: boolean; readonly retries?: number } = {},
) {
  const machine = new LocusMachine({ containers: 3, pages: 16 })
  machine.commits.push(...commits)
  const { region } = machine
  const cont = machine.grant('own', 0, 5, { container: 1, rights: 255 })
  const { block } = await machine.run(0, {
    program: { module, entry: 'transacts' },
    block: encodeBlock({ fails, retries, cont }),
  })
  const received = (receiver: number, sender: number): bigint => {
    const index = region.dependencyIndex(asContainer(receiver), asContainer(sender))
    return Atomics.load(region.i64, index)
  }
  const ran = region.words.load(region.containerWord(asContainer(1), 'ran'))
  await machine.close()
  return { outcome: decodeBlock(block), aborts: machine.aborts, ages: machine.ages, received, ran }
}

test('[TX13] at a commit the container depends on where it comes from, and that on what was read', async (t) => {
  const { outcome, received } = await transact([])

  t.deepEqual(outcome, { met: 'ok', entered: 1, register: 1 })
  t.true(received(1, 0) >= 100n)
  t.true(received(0, 1) >= 200n)
})

test('[TX13] what aborts leaves the container depending on nobody, and is known where it was read', async (t) => {
  const { outcome, aborts, received, ran } = await transact([], { fails: true })

  t.like(outcome, { entered: 1, register: 0 })
  t.is(aborts, 1)
  t.is(received(1, 0), 0n)
  t.true(received(0, 1) >= 200n)
  // What it was read from is captured anew, or nobody could ever come back with what was read.
  t.is(ran, 1)
})

test('[TX8] who gave way is entered again with the registers of before, so often and no more', async (t) => {
  const [twice, tooOften, late] = [
    await transact(['conflict', 'conflict']),
    await transact(['conflict', 'conflict', 'conflict'], { retries: 2 }),
    await transact(['timed_out']),
  ]

  t.deepEqual(twice.outcome, { met: 'ok', entered: 3, register: 1 })
  t.regex(metIn(tooOften), /conflict:/)
  t.like(tooOften.outcome, { entered: 3, register: 0 })
  t.regex(metIn(late), /timed_out:/)
  t.like(late.outcome, { entered: 1, register: 0 })
})

test('[TX5] another try is as old as the first', async (t) => {
  const { ages } = await transact(['conflict', 'conflict'])

  t.deepEqual(ages, [0, 1, 1])
})

const metIn = ({ outcome }: { readonly outcome: unknown }): string =>
  (outcome as { readonly met: string }).met
