/** The comparison would notice: a flaw planted in any one engine is found, and only that engine is named. */
import * as fc from 'fast-check'
import test from 'ava'
import type { LineEngine } from '@katydid/kernel/state-interval/line/line.js'
import { freshEngines, type EngineName } from './engines.js'
import {
  DisorderedRollbackGraph,
  ForgetfulJohnsonZwaenepoel,
  HastyFixpoint,
  patchedWitness,
  patches,
} from './flawed.js'
import { plans } from './histories.js'
import { Disagreement, judge } from './judge.js'

for (const patch of patches) {
  test(`[SI48] the comparison finds the kernel’s engine flawed when ${patch.what}`, async (t) => {
    const make = await patchedWitness(patch)

    t.deepEqual(found('witness', make), ['witness'])
  })
}

test('[SI48] the comparison finds a fixpoint that stops too early', (t) => {
  t.deepEqual(
    found('fixpoint', () => new HastyFixpoint()),
    ['fixpoint'],
  )
})

test('[SI48] the comparison finds a search that forgets what it put off', (t) => {
  t.deepEqual(
    found('johnson-zwaenepoel', () => new ForgetfulJohnsonZwaenepoel()),
    ['johnson-zwaenepoel'],
  )
})

test('[SI48] the comparison finds a graph without the order within a unit', (t) => {
  t.deepEqual(
    found('rollback-graph', () => new DisorderedRollbackGraph()),
    ['rollback-graph'],
  )
})

/** Whom the comparison names. */
function found(name: EngineName, make: () => LineEngine): readonly string[] {
  const held = fc.property(plans(), (plan) => {
    judge(plan, freshEngines({ [name]: make }))
  })
  const { errorInstance } = fc.check(held, { numRuns: 1000, seed: 2026, endOnFailure: true })
  if (errorInstance instanceof Disagreement) return errorInstance.engines
  if (errorInstance !== null) throw errorInstance as Error
  return []
}
