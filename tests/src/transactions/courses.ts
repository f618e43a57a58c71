/**
 * Random courses of transactions in simulated worlds: loci, words and lengths drawn, with managers and loci killed and power cut
 * on the way. Each is held against its ledger at the end.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import { lineOf } from '../campaign/whole-world.js'
import { Ledger } from './ledger.js'
import { TransactionWorld, type Course } from './sim-transactions.js'

export interface CoursesResult {
  courses: number
  transactions: number
  /** Committed, and undone by a crash before they were acknowledged. */
  undone: number
  blows: number
  /** How often each call was answered with each status. */
  readonly calls: Map<string, number>
  /** What was wrong, with the seed that has it again; null when nothing was. */
  failure: string | null
}

/** Courses until there were so many transactions, or something was wrong. Course n has the seed `seed + n`. */
export async function transactionCourses(
  { seed, transactions }: { readonly seed: number; readonly transactions: number },
  told: (so: CoursesResult) => void = () => {},
): Promise<CoursesResult> {
  const result: CoursesResult = {
    courses: 0,
    transactions: 0,
    undone: 0,
    blows: 0,
    calls: new Map(),
    failure: null,
  }
  while (result.failure === null && result.transactions < transactions) {
    const own = seed + result.courses++
    const ledger = new Ledger()
    const wrong = await course(own, ledger, result)
    result.transactions += ledger.entries.length
    result.undone += ledger.entries.filter(({ state }) => state === 'gone').length
    if (wrong.length > 0) result.failure = `seed ${own}: ${wrong.slice(0, 6).join('\n')}`
    told(result)
  }
  return result
}

async function course(
  seed: number,
  ledger: Ledger,
  count: { blows: number; readonly calls: Map<string, number> },
): Promise<readonly string[]> {
  const random = new Random(seed)
  const drawn: Course = {
    loci: 2 + random.below(4),
    words: 2 + random.below(12),
    transactions: 4 + random.below(20),
    line: lineOf(seed),
  }
  let run = new TransactionWorld(seed, ledger, drawn)
  let base = new Uint8Array(0)
  await run.begin()
  for (let blows = random.below(5); blows > 0 && !run.isDone; blows--) {
    const { world } = run
    for (let steps = random.below(6000); steps > 0 && !run.isDone; steps--) world.sim.step()
    count.blows++
    const kind = random.below(4)
    const [locus] = world.lociPorts()
    const [manager] = world.others
    if (kind === 0 && locus !== undefined && world.phase === 'open') world.killLocus(locus)
    else if (kind === 1 && manager !== undefined) world.killManager('killed on purpose', manager)
    else if (kind > 1) {
      if (world.problems.length > 0) return world.problems
      const cut = powerCut(base, world.disk.journal.entries)
      base = Uint8Array.from(crashImage(cut, () => random.chance(0.5)))
      const { bank } = run
      addTo(count.calls, world.seen)
      run = new TransactionWorld(seed + 1000 * blows, ledger, drawn, world.remains(base))
      run.bank = bank
      await run.world.open()
      continue
    }
    world.run(20)
  }
  const wrong = await run.finish()
  addTo(count.calls, run.world.seen)
  return wrong
}

function addTo(calls: Map<string, number>, seen: ReadonlyMap<string, number>): void {
  for (const [call, times] of seen) calls.set(call, (calls.get(call) ?? 0) + times)
}
