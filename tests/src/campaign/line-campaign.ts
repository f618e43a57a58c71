/**
 * Many histories, each carried out beside four engines and the truth (see tests/src/line/judge.ts), with what they cost the kernel's
 * engine. The same seed is the same histories; a failure is shrunk, and says how to have it again.
 */
import * as fc from 'fast-check'
import { WitnessEngine } from '@katydid/kernel/state-interval/line/engine.js'
import { freshEngines } from '../line/engines.js'
import { plans } from '../line/histories.js'
import { judge } from '../line/judge.js'

export interface LineCampaign {
  readonly histories: number
  readonly seed: number
  /** Where a failure was found, as its report says. */
  readonly path?: string
  readonly onHistory?: (counts: LineCounts) => void
}

export interface LineCounts {
  histories: number
  points: number
  dependencies: number
  /** Points that were in the line at the end. */
  inLine: number
  /** Histories in which every choice was tried. */
  tried: number
  /** Histories in which a machine that had heard less had a lower line. */
  lower: number
  /** The most inspections for a dependency and a doubling of the points, of histories with a hundred dependencies or more. */
  dearest: number
}

/** Carries them out. `failure` is the report of the first one that fails, null when none does. */
export function lineCampaign({
  histories,
  seed,
  path,
  onHistory,
}: LineCampaign): LineCounts & { readonly failure: string | null } {
  const counts: LineCounts = {
    histories: 0,
    points: 0,
    dependencies: 0,
    inLine: 0,
    tried: 0,
    lower: 0,
    dearest: 0,
  }
  const held = fc.property(plans(), (plan) => {
    const witness = new WitnessEngine()
    const found = judge(plan, freshEngines({ witness: () => witness }))
    counts.histories++
    counts.points += found.points
    counts.dependencies += found.dependencies
    counts.inLine += found.inLine
    if (found.isTried) counts.tried++
    if (found.isLower) counts.lower++
    const dearness = witness.steps / found.dependencies / Math.log2(found.points)
    if (found.dependencies >= 100) counts.dearest = Math.max(counts.dearest, dearness)
    if (found.dependencies >= 100 && dearness > mostDear)
      throw new Error(`${dearness.toFixed(2)} inspections a dependency and doubling of points`)
    onHistory?.(counts)
  })
  const details = fc.check(held, {
    numRuns: histories,
    seed,
    ...(path === undefined ? {} : { path }),
  })
  return { ...counts, failure: fc.defaultReportMessage(details) ?? null }
}

/** The same constant as in tests/src/line/cost.test.ts. */
const mostDear = 2
