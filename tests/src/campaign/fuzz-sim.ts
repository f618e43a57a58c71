/**
 * Fuzz in the simulator: courses of commands against a world and its model, until so many operations were compared. A failure is
 * shrunk, and says how to have it again.
 */
import * as fc from 'fast-check'
import { CampaignRun, smallRun, type RunShape } from './campaign-run.js'
import type { AnyCommand } from './fuzz-command.js'
import { courses } from './fuzz-commands.js'

type Drawn = [world: number, commands: Iterable<AnyCommand>]

export interface FuzzResult {
  readonly operations: number
  readonly courses: number
  readonly lives: number
  /** How often each call was answered with each status. */
  readonly calls: ReadonlyMap<string, number>
  /** What went wrong and how to replay it; null when nothing did. */
  readonly failure: string | null
}

export interface FuzzOptions {
  /** Operations to reach. */
  readonly steps: number
  readonly seed: number
  /** Commands of a course at the most. */
  readonly length?: number
  readonly shape?: RunShape
  readonly onCourse?: (result: FuzzResult) => void
}

/** Runs courses, each of a seed of its own, rising from `seed`. */
export async function fuzzSimulated(options: FuzzOptions): Promise<FuzzResult> {
  const { steps, length = 60, shape = smallRun } = options
  const count = { operations: 0, courses: 0, lives: 0, calls: new Map<string, number>() }
  for (let seed = options.seed; count.operations < steps; seed++) {
    const found = await fc.check(course(length, shape, count), { seed, numRuns: 1 })
    if (found.failed) return { ...count, failure: describe(seed, found) }
    options.onCourse?.({ ...count, failure: null })
  }
  return { ...count, failure: null }
}

function course(
  length: number,
  shape: RunShape,
  count: { operations: number; courses: number; lives: number; calls: Map<string, number> },
): fc.IAsyncProperty<Drawn> {
  return fc.asyncProperty(
    fc.nat(),
    courses(length, (shape.world.keepLines ?? 0) > 0),
    async (world, commands) => {
      const run = await CampaignRun.begin(world, shape)
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: run }), commands)
      } finally {
        count.operations += run.operations
        count.courses++
        count.lives += run.lives
        for (const [call, times] of run.world.seen)
          count.calls.set(call, (count.calls.get(call) ?? 0) + times)
      }
    },
  )
}

function describe(seed: number, found: fc.RunDetails<Drawn>): string {
  const [world, commands] = found.counterexample ?? []
  const error = found.errorInstance
  return [
    `seed ${seed}, world ${world}, after ${found.numShrinks} shrinks:`,
    `  ${fc.stringify(commands)}`,
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    `again: npm run fuzz -- --seed ${seed} --steps 1`,
  ].join('\n')
}
