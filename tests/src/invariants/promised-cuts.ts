/**
 * The power fails in the very step in which a manager says of a snapshot, for the first time, that it is stable or recoverable; of what no
 * barrier covers nothing is kept. The next life asks again before anything else.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import { CourierLedger, CourierWorld, homes, twoManagers } from './courier-world.js'
import { UpcallJudge } from './upcall-judge.js'

const shape = { ...twoManagers, couriers: 4, trips: 40 }
/** More steps than this are not waited for the next word. */
const mostSteps = 8000

/** Cuts the power of one world at so many promises; answers how many there were, and what was wrong. */
export async function cutAtPromises(
  seed: number,
  most: number,
): Promise<{ readonly cuts: number; readonly wrong: readonly string[] }> {
  const random = new Random(seed)
  const ledger = new CourierLedger()
  const judge = new UpcallJudge(homes)
  let run = new CourierWorld(seed, ledger, shape)
  let base = new Uint8Array(0)
  judge.watch(run.world)
  await run.begin()
  await run.acknowledge()
  let cuts = 0
  for (; cuts < most && untilPromised(run, judge, random); cuts++) {
    if (run.world.problems.length > 0) return { cuts, wrong: run.world.problems }
    base = Uint8Array.from(crashImage(powerCut(base, run.world.disk.journal.entries), () => false))
    run = new CourierWorld(seed + 1000 * cuts, ledger, shape, run.world.remains(base))
    judge.watch(run.world)
    const { status, detail } = await run.world.open()
    if (status !== 'ok') run.world.problems.push(`boot: ${status}, ${detail}`)
  }
  const wrong = await run.finish()
  judge.settle()
  return { cuts, wrong }
}

/** Asks at each step, until a manager promises what it has not promised before. */
function untilPromised({ world }: CourierWorld, judge: UpcallJudge, random: Random): boolean {
  const before = judge.promises
  // Some are let pass, so that the cut is not always at the first.
  const wanted = before + 1 + random.below(6)
  for (let steps = 0; steps < mostSteps && judge.promises < wanted; steps++) {
    if (judge.asking < 3) judge.query((below) => random.below(below))
    world.sim.step()
  }
  return judge.promises > before
}
