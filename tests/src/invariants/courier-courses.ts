/**
 * Random courses of couriers with loci and managers killed and the power cut on the way, also in the middle of a recovery. Course n of a
 * seed has the seed `seed + n`.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import { lineOf, type WholeWorld } from '../campaign/whole-world.js'
import { CourierLedger, CourierWorld, courierShape, homes, twoManagers } from './courier-world.js'
import { UpcallJudge } from './upcall-judge.js'

export interface CoursesResult {
  courses: number
  trips: number
  /** Announced lines, each judged. */
  lines: number
  acknowledged: number
  blows: number
  rollbacks: number
  /** Messages to managers that were judged, and answers of theirs. */
  upcalls: number
  answers: number
  /** The most snapshots of one container that had to be held at a time. */
  mostHeld: number
  /** What was wrong, with the seed that has it again; null when nothing was. */
  failure: string | null
}

/** Courses until there were so many trips, or something was wrong. */
export async function courierCourses(
  { seed, trips }: { readonly seed: number; readonly trips: number },
  told: (so: CoursesResult) => void = () => {},
): Promise<CoursesResult> {
  const result: CoursesResult = {
    courses: 0,
    trips: 0,
    lines: 0,
    acknowledged: 0,
    blows: 0,
    rollbacks: 0,
    upcalls: 0,
    answers: 0,
    mostHeld: 0,
    failure: null,
  }
  while (result.failure === null && result.trips < trips) {
    const own = seed + result.courses++
    const ledger = new CourierLedger()
    const judge = new UpcallJudge(homes)
    const wrong = await course(own, ledger, judge, result)
    result.trips += ledger.next() - 1
    result.lines += ledger.lines
    result.upcalls += judge.judged
    result.answers += judge.answers
    result.mostHeld = Math.max(result.mostHeld, judge.mostHeld)
    result.acknowledged += ledger.acknowledged.size
    if (wrong.length > 0) result.failure = `seed ${own}: ${wrong.slice(0, 6).join('\n')}`
    told(result)
  }
  return result
}

async function course(
  seed: number,
  ledger: CourierLedger,
  judge: UpcallJudge,
  count: { blows: number; rollbacks: number },
): Promise<readonly string[]> {
  const random = new Random(seed)
  const shape = random.chance(0.5) ? twoManagers : courierShape
  const drawn = {
    ...shape,
    world: { ...shape.world, line: lineOf(seed) },
    couriers: 2 + random.below(4),
    trips: 4 + random.below(14),
  }
  let run = new CourierWorld(seed, ledger, drawn)
  let base = new Uint8Array(0)
  judge.watch(run.world)
  await run.begin()
  if (random.chance(0.5)) await run.acknowledge()
  for (let blows = random.below(6); blows > 0 && !run.isDone; blows--) {
    const { world } = run
    for (let steps = random.below(2500); steps > 0 && !run.isDone; steps--) {
      world.sim.step()
      if (random.chance(0.02)) judge.query((below) => random.below(below))
    }
    // One blow in three falls upon who is still reeling.
    if (random.chance(0.67)) world.until(() => world.phase === 'open')
    count.blows++
    judge.struck()
    const [locus] = world.lociPorts()
    const kind = random.below(4)
    if (kind <= 1 && locus !== undefined) world.killLocus(locus)
    else if (kind === 2 && world.manager !== null) killManager(world, random)
    else if (kind === 3) {
      if (world.problems.length > 0) return world.problems
      count.rollbacks += world.of('rollback').length
      const cut = powerCut(base, world.disk.journal.entries)
      base = Uint8Array.from(crashImage(cut, () => random.chance(0.5)))
      run = new CourierWorld(seed + 1000 * blows, ledger, drawn, world.remains(base))
      judge.watch(run.world)
      const { status, detail } = await run.world.open()
      if (status !== 'ok') run.world.problems.push(`boot: ${status}, ${detail}`)
    } else if (random.chance(0.5)) await run.acknowledge()
  }
  const wrong = await run.finish()
  judge.settle()
  count.rollbacks += run.world.of('rollback').length
  return wrong
}

function killManager(world: WholeWorld, random: Random): void {
  const [other] = world.others
  if (other !== undefined && random.chance(0.5)) world.killManager('killed on purpose', other)
  else world.killManager()
}
