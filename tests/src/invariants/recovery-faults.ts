/**
 * A recovery is interrupted at each thing it has the disk do: the power fails, or the disk refuses that one, or that and all that come
 * after. The next recovery must be at a line that is no lower, with the same contents, and the couriers come to their ends.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut } from '@katydid/devices'
import type { Remains } from '../campaign/whole-world.js'
import { CourierLedger, CourierWorld, twoManagers } from './courier-world.js'

export const mishaps = ['power', 'refused once', 'refused for ever'] as const
export type Mishap = (typeof mishaps)[number]

export interface FaultsResult {
  /** What one recovery has the disk do. */
  readonly deeds: number
  readonly interrupted: number
  /** Recoveries that came to their end all the same. */
  readonly survived: number
  readonly wrong: readonly string[]
}

const shape = { ...twoManagers, couriers: 4, trips: 8 }

/** Interrupts the recovery of the run of `seed` at one deed in so many. */
export async function interruptRecovery(options: {
  readonly seed: number
  readonly every: number
  readonly mishap: Mishap
}): Promise<FaultsResult> {
  const { seed, every, mishap } = options
  const random = new Random(seed)
  const ledger = new CourierLedger()
  const first = new CourierWorld(seed, ledger, shape)
  await first.begin()
  await first.acknowledge()
  for (let step = 0; step < 2500 && !first.isDone; step++) first.world.sim.step()
  const remains = cut(first, new Uint8Array(0), random)
  const whole = new CourierWorld(seed + 1, ledger.copy(), shape, remains)
  await whole.world.open()
  const { deeds } = whole.world.disk
  const reached = whole.world.promisedLine
  const wrong = [...first.world.problems, ...whole.world.problems]
  let [interrupted, survived] = [0, 0]
  for (let at = 1; at <= deeds; at += every) {
    const place = `seed ${seed}, ${mishap} at ${at} of ${deeds}`
    const own = ledger.copy()
    const broken = new CourierWorld(seed + 1, own, shape, remains)
    survived += (await breakOff(broken, mishap, at)) ? 1 : 0
    interrupted++
    wrong.push(...broken.world.problems.map((each) => `${place}: ${each}`))
    const again = new CourierWorld(seed + at, own, shape, cut(broken, remains.image, random))
    const { status, detail, damage } = await again.world.open()
    if (status !== 'ok' || damage !== null)
      wrong.push(`${place}: boot: ${status}, ${detail}, ${damage}`)
    // What a failing disk did not let it have is another matter; a power cut takes nothing.
    if (mishap === 'power') wrong.push(...below(reached, again).map((each) => `${place}: ${each}`))
    wrong.push(...(await again.finish()).map((each) => `${place}: ${each}`))
    if (wrong.length > 20) break
  }
  return { deeds, interrupted, survived, wrong }
}

/** Boots until the mishap; true when the world opened all the same. */
async function breakOff({ world }: CourierWorld, mishap: Mishap, at: number): Promise<boolean> {
  const { disk } = world
  world.faulty = true
  if (mishap !== 'power')
    disk.fails = (deed) => (mishap === 'refused once' ? deed === at : deed >= at)
  const done = { status: '' }
  const boot = world.kernel.boot()
  void boot.then(({ status }) => (done.status = status))
  const isOver = (): boolean => done.status !== '' || (mishap === 'power' && disk.deeds >= at)
  while (!isOver()) {
    if (!world.sim.step()) break
    // The answer is given when what is waited for has settled.
    for (let turn = 0; turn < 4; turn++) await Promise.resolve()
  }
  if (done.status === 'ok') world.run(40)
  return done.status === 'ok'
}

function below(reached: ReadonlyMap<number, number>, { world }: CourierWorld): string[] {
  return [...reached].flatMap(([unit, interval]) => {
    const now = world.promisedLine.get(unit) ?? 0
    return now < interval ? [`unit ${unit} is at ${now}, and was at ${interval} before`] : []
  })
}

function cut({ world }: CourierWorld, base: Uint8Array, random: Random): Remains {
  const density = random.fraction()
  const image = crashImage(powerCut(base, world.disk.journal.entries), () => random.chance(density))
  return world.remains(Uint8Array.from(image))
}
