/**
 * Fuzz on real threads: a world with few frames, opened as its users open it; batches of loci at work side by side, each in parts
 * of containers of its own; meanwhile captures, dead managers, loci held still and destroyed; between them the past, and closing and opening again. Each access and
 * each answer is held against the model.
 */
import { Random } from '@katydid/actor'
import * as fc from 'fast-check'
import { ThreadRun, type Meanwhile, type Tally, type ThreadFuzzResult } from './thread-run.js'

interface ThreadFuzzOptions {
  readonly steps: number
  readonly seed: number
  readonly onCourse?: (result: ThreadFuzzResult) => void
}

type AnyCommand = fc.AsyncCommand<object, ThreadRun>

class Command implements AnyCommand {
  readonly #text: string
  readonly #deed: (run: ThreadRun) => Promise<void>

  constructor(text: string, deed: (run: ThreadRun) => Promise<void>) {
    this.#text = text
    this.#deed = deed
  }

  check(): boolean {
    return true
  }

  run(_: object, run: ThreadRun): Promise<void> {
    return this.#deed(run)
  }

  toString(): string {
    return this.#text
  }
}

const drawn = (
  text: string,
  deed: (run: ThreadRun, random: Random) => Promise<void>,
): fc.Arbitrary<AnyCommand> =>
  fc.nat().map((seed) => new Command(`${text} ${seed}`, (run) => deed(run, new Random(seed))))
const batch = (meanwhile: Meanwhile): fc.Arbitrary<AnyCommand> =>
  drawn(`batch, ${meanwhile},`, (run, random) => run.batch(random, meanwhile))
const simple = (text: string, deed: (run: ThreadRun) => Promise<void>): fc.Arbitrary<AnyCommand> =>
  fc.constant(new Command(text, deed))

const weighted: readonly [number, fc.Arbitrary<AnyCommand>][] = [
  [6, batch('nothing')],
  [3, batch('snapshot')],
  [2, batch('kill')],
  [1, batch('kill another')],
  [2, batch('suspend')],
  [1, batch('destroy at rest')],
  [1, batch('destroy')],
  [1, simple('snapshot', (run) => run.snapshot())],
  [1, simple('status', (run) => run.status())],
  [1, simple('circle', (run) => run.circle())],
  [1, simple('go back', (run) => run.goBack())],
  [3, drawn('remember', (run, random) => run.remember(random))],
  [2, drawn('open a snapshot', (run, random) => run.lookBack(random, 'open'))],
  [2, drawn('fork a snapshot', (run, random) => run.lookBack(random, 'fork'))],
  [1, drawn('drop a snapshot', (run, random) => run.drop(random))],
  [1, simple('close and open', (run) => run.close())],
]
const kinds = weighted.flatMap(([weight, each]) => Array.from({ length: weight }, () => each))

const emptyTally = (): Tally => ({
  operations: 0,
  batches: 0,
  openings: 0,
  managersKilled: 0,
  lociDestroyed: 0,
  pasts: 0,
  failure: null,
})

/** One command of each kind in a row, and two batches more: so that whatever can be called is. */
export async function oneOfEachOnThreads(seed: number): Promise<ThreadFuzzResult> {
  const tally = emptyTally()
  const run = new ThreadRun(tally)
  const drawnOf = weighted.flatMap(([, kind]) => fc.sample(kind, { seed, numRuns: 1 }))
  const more = fc.sample(batch('nothing'), { seed: seed + 1, numRuns: 2 })
  try {
    for (const each of [...drawnOf, ...more]) await each.run({}, run)
  } catch (error) {
    tally.failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
  } finally {
    await run.end()
  }
  return tally
}

/** Runs courses on threads until so many operations were compared. What a seed draws is the same each time; the threads' order is not. */
export async function fuzzThreads(options: ThreadFuzzOptions): Promise<ThreadFuzzResult> {
  const tally = emptyTally()
  const course = fc.asyncProperty(
    fc.commands<object, ThreadRun, false>(kinds, { maxCommands: 30, size: 'max' }),
    async (commands) => {
      const run = new ThreadRun(tally)
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: run }), commands)
      } finally {
        await run.end()
      }
    },
  )
  for (let seed = options.seed; tally.operations < options.steps; seed++) {
    const found = await fc.check(course, { seed, numRuns: 1, endOnFailure: true })
    if (found.failed) {
      const error = found.errorInstance
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const again = `again: npm run fuzz -- --threads --seed ${seed} --steps 1`
      tally.failure = `seed ${seed}:\n  ${fc.stringify(found.counterexample?.[0])}\n${what}\n${again}`
      return tally
    }
    options.onCourse?.(tally)
  }
  return tally
}
