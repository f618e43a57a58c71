/** Any course of writes, barriers, frees, trims and power cuts, beside a naive list of what was promised. */
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import test from 'ava'
import * as fc from 'fast-check'
import { Bench } from './bench.js'
import { OwnerModel, owners } from './owner-model.js'

const shape = { blockBytes: 512, segmentBlocks: 6, capacity: 7 }

const owner = fc.constantFrom(...owners)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write'),
      owner,
      pages: fc.nat(9),
      records: fc.nat(2),
      barrier: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('turn') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('barrier') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('give up'), owner }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trim'), owner }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut'), seed: fc.integer() }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Carries the course out; what went wrong at any of its cuts, the last one included. */
function carryOut(steps: readonly Step[]): string[] {
  const model = new OwnerModel(shape.segmentBlocks)
  let bench = new Bench(shape)
  const cut = (seed: number): string[] => {
    const { entries } = bench.journal
    const random = new Random(seed)
    const { durable, sectors } = powerCut(base, entries)
    const density = random.fraction()
    const image = crashImage({ durable, sectors }, () => random.chance(density))
    const after = new Bench({ ...shape, image })
    const wrong = model.lookAt(after, entries.length)
    model.goOn(after)
    base = image
    bench = after
    return wrong
  }
  let base: Uint8Array = new Uint8Array(0)
  const wrong: string[] = []
  for (const each of [...steps, { do: 'cut', seed: steps.length } as const]) {
    if ('pages' in each) model.write(bench, each.owner, each.pages, each.records, each.barrier)
    else if ('seed' in each) wrong.push(...cut(each.seed))
    else if ('owner' in each && each.do === 'trim') model.trimAll(bench, each.owner)
    else if ('owner' in each) model.giveUp(bench, each.owner)
    else if (each.do === 'turn') bench.turn()
    else bench.endBarrier()
    model.hear(bench)
  }
  return wrong
}

test('[DK1] [DK2] [DK8] [DK9] any course of writes, frees and power cuts keeps every promise', (t) => {
  const course = fc.property(
    fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }),
    (steps) => {
      const wrong = carryOut(steps)
      if (wrong.length > 0) throw new Error(wrong.slice(0, 3).join('; '))
    },
  )

  const run = fc.check(course, { numRuns: 120 })

  t.false(run.failed, `${String(run.errorInstance)} ${fc.defaultReportMessage(run) ?? ''}`)
})
