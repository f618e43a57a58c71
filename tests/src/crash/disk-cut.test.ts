/**
 * The power fails at every write of a scripted run, and of each write not covered by a barrier any subset of sectors may have arrived: all
 * subsets up to ten sectors, beyond that a sample.
 */
import { Random } from '@katydid/actor'
import {
  crashImage,
  DiskOpenError,
  powerCut,
  type FaultPlan,
  type PowerCut,
} from '@katydid/devices'
import test from 'ava'
import { alice, Bench, bob, kernel } from '../devices/bench.js'
import { OwnerModel } from '../devices/owner-model.js'

const shape = { blockBytes: 512, segmentBlocks: 6, capacity: 9 }
const allSubsetsUpTo = 10
const samples = 24

/** A run with everything in it: splits, joins, barriers under way, frees, trims, segments used anew. */
function scriptedRun(faults?: FaultPlan): { readonly bench: Bench; readonly model: OwnerModel } {
  const bench = new Bench({ ...shape, ...(faults === undefined ? {} : { faults }) })
  const model = new OwnerModel(shape.segmentBlocks)
  const turn = (): void => {
    bench.turn()
    model.hear(bench)
  }
  const endBarrier = (): void => {
    bench.endBarrier()
    model.hear(bench)
  }
  for (let round = 0; round < 6; round++) {
    model.write(bench, alice, 3, 1, false)
    model.write(bench, kernel, 0, 1, true)
    turn()
    model.write(bench, bob, 2, 0, false)
    turn()
    endBarrier()
    model.write(bench, alice, 7, 2, true)
    turn()
    model.write(bench, bob, 1, 1, true)
    turn()
    endBarrier()
    turn()
    endBarrier()
    for (const owner of [alice, bob]) model.giveUp(bench, owner)
    model.trimAll(bench, kernel)
    turn()
    endBarrier()
    turn()
  }
  return { bench, model }
}

function subsets(cut: PowerCut, random: Random): ((nth: number) => boolean)[] {
  const count = cut.sectors.length
  if (count <= allSubsetsUpTo)
    return Array.from(
      { length: 2 ** count },
      (_, bits) => (nth: number) => (bits & (1 << nth)) !== 0,
    )
  const drawn = Array.from({ length: samples }, () => {
    const density = random.fraction()
    const there = cut.sectors.map(() => random.chance(density))
    return (nth: number) => there[nth]!
  })
  return [() => true, () => false, (nth) => nth !== count - 1, (nth) => nth !== 0, ...drawn]
}

/** Cuts the power at every entry of the journal; what went wrong, each with the place to look at. */
function cutEverywhere(
  bench: Bench,
  model: OwnerModel,
): { readonly images: number; readonly wrong: string[] } {
  const random = new Random(7)
  const { entries } = bench.journal
  const wrong: string[] = []
  let images = 0
  // The first entries are the format's own; before a disk was made nothing was promised.
  for (let upTo = 6; upTo <= entries.length; upTo++) {
    const cut = powerCut(new Uint8Array(0), entries, upTo)
    for (const isThere of subsets(cut, random)) {
      images += 1
      const found = lookAt(model, crashImage(cut, isThere), upTo)
      wrong.push(...found.map((what) => `after entry ${upTo}: ${what}`))
    }
  }
  return { images, wrong }
}

function lookAt(model: OwnerModel, image: Uint8Array, upTo: number): string[] {
  try {
    return model.lookAt(new Bench({ ...shape, image }), upTo)
  } catch (error) {
    if (error instanceof DiskOpenError) return [`it could not be opened: ${error.message}`]
    throw error
  }
}

test('[DK1] [DK2] at every write and for every subset of sectors, all that was acknowledged is there, and nothing else but a prefix', (t) => {
  const { bench, model } = scriptedRun()

  const { images, wrong } = cutEverywhere(bench, model)

  t.deepEqual(wrong.slice(0, 5), [])
  t.true(images > 1000, `${images} images`)
  const begins = bench.journal.entries.flatMap((entry) =>
    entry.kind === 'write' && entry.at > 0 && (entry.at / 512) % shape.segmentBlocks === 0
      ? [entry.at]
      : [],
  )
  t.true(new Set(begins).size < begins.length, 'segments were used anew')
})

test('[DK1] a barrier that does nothing does not get past this test', (t) => {
  const { bench, model } = scriptedRun({ seed: 1, barrierLies: true })

  const { wrong } = cutEverywhere(bench, model)

  t.true(wrong.some((what) => what.includes('was acknowledged and is gone')))
})

test('[DK16] the power may fail at any moment of making a disk', (t) => {
  const { entries } = new Bench(shape).journal
  const random = new Random(3)

  for (let upTo = 0; upTo <= entries.length; upTo++) {
    const cut = powerCut(new Uint8Array(0), entries, upTo)
    for (const isThere of subsets(cut, random)) {
      const after = new Bench({ ...shape, image: crashImage(cut, isThere) })
      after.store(alice, [1])

      t.is(after.opened.damage, null)
      t.deepEqual(
        after.scan(alice).pages.map(({ page }) => page),
        [1],
      )
    }
  }
})
