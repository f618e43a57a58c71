/**
 * The power fails at every write of a scripted run in turn: before it, after it, and torn, that is, with any of the sectors that no
 * barrier covers. Each time the world must come back at a state that was reported recoverable or a later one, hold what it held there,
 * and go on. Now and then the power fails again while it recovers.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut, type PowerCut } from '@katydid/devices'
import { CampaignHost } from './host.js'
import { programsOf, type RunShape } from './campaign-run.js'
import { crashShape, scriptedRun } from './scripted-run.js'
import { WholeWorld, type Remains } from './whole-world.js'

/** Hears how far a campaign has come: how many it has looked at, and what was wrong among them. */
export type Progress = (done: number, wrong: readonly string[]) => void

export interface CutOptions {
  readonly seed: number
  /** Looks at one write in so many; 1: at all. */
  readonly every: number
  /** Torn images of each cut, besides none, all, all but the first and all but the last sector. */
  readonly torn: number
  /** One image in so many is cut again while it recovers. */
  readonly compoundEvery: number
  readonly rounds?: number
  /** Of the scripted run; the worlds that come after it have `crashShape`. */
  readonly shape?: RunShape
  readonly onProgress?: Progress
}

export interface CutResult {
  /** Writes of the run. */
  readonly writes: number
  readonly images: number
  /** Images of a second cut, during the recovery from a first. */
  readonly compound: number
  /** Accesses and calls compared after recoveries. */
  readonly operations: number
  readonly wrong: readonly string[]
}

interface Tally {
  images: number
  compound: number
  operations: number
  readonly wrong: string[]
}

/** Cuts the run of the seed at its writes. */
export async function cutEverywhere(options: CutOptions): Promise<CutResult> {
  const { seed, rounds = 6, shape = crashShape } = options
  const random = new Random(seed)
  const run = await scriptedRun(seed, { rounds, shape })
  const { entries } = run.world.disk.journal
  const tally: Tally = { images: 0, compound: 0, operations: 0, wrong: [...run.world.problems] }
  const writes = entries.flatMap((entry, at) => (entry.kind === 'write' ? [at] : []))
  for (const [nth, at] of writes.entries()) {
    if (nth % options.every !== 0) continue
    const cut = powerCut(new Uint8Array(0), entries, at + 1)
    for (const [kind, isThere] of tears(cut, random, options.torn)) {
      const remains = {
        image: crashImage(cut, isThere),
        captured: run.world.captured,
        ...promisedBy(run.world, at + 1),
      }
      const place = `seed ${seed}, write ${nth} (${kind})`
      await comeBack(remains, place, tally, options, random)
      if (tally.wrong.length > 20) return { writes: writes.length, ...tally }
    }
    options.onProgress?.(tally.images, tally.wrong)
  }
  return { writes: writes.length, ...tally }
}

/** Which sectors arrived: nothing since the barrier, everything, and torn. */
export function* tears(
  cut: PowerCut,
  random: Random,
  torn: number,
): Generator<[string, (nth: number) => boolean]> {
  const count = cut.sectors.length
  yield ['before', () => false]
  yield ['after', () => true]
  if (count < 2) return
  yield ['all but the last sector', (nth) => nth !== count - 1]
  yield ['all but the first sector', (nth) => nth !== 0]
  for (let n = 0; n < torn; n++) {
    const seed = random.next()
    const density = random.fraction()
    const draw = new Random(seed)
    const there = cut.sectors.map(() => draw.chance(density))
    yield [`torn ${n}`, (nth) => there[nth]!]
  }
}

/** What had been announced when the journal had so many entries; `before` if nothing was. */
export function promisedBy(
  world: WholeWorld,
  entries: number,
  before: Pick<Remains, 'promised' | 'promisedLine'> = { promised: 0, promisedLine: new Map() },
): Pick<Remains, 'promised' | 'promisedLine'> {
  const last = world.promises.filter((each) => each.entries < entries).at(-1)
  return last === undefined ? before : { promised: last.capture, promisedLine: last.line }
}

async function comeBack(
  remains: Remains,
  place: string,
  tally: Tally,
  options: CutOptions,
  random: Random,
): Promise<void> {
  tally.images++
  const world = await recovered(remains, place, tally, random.next())
  if (world === null) return
  if (tally.images % options.compoundEvery !== 0) return
  const { entries } = world.disk.journal
  const upTo = 1 + random.below(entries.length)
  const cut = powerCut(remains.image, entries, upTo)
  const density = random.fraction()
  const again: Remains = {
    image: crashImage(cut, () => random.chance(density)),
    captured: new Map([...remains.captured, ...world.captured]),
    ...promisedBy(world, upTo > entries.length ? 0 : upTo, remains),
  }
  tally.compound++
  await recovered(again, `${place}, then entry ${upTo} of the next life`, tally, random.next())
}

/** Opens what is left, reads everything back and goes on; the world, unless it could not be opened. */
async function recovered(
  remains: Remains,
  place: string,
  tally: Tally,
  seed: number,
): Promise<WholeWorld | null> {
  const note = (what: string): void => void tally.wrong.push(`${place}: ${what}`)
  try {
    const world = new WholeWorld(seed, crashShape.world, programsOf(crashShape), remains)
    const boot = await world.open()
    if (boot.status !== 'ok') note(`boot: ${boot.status}, ${boot.detail}`)
    if (boot.damage !== null) note(`a power cut is no damage: ${boot.damage}`)
    const host = new CampaignHost(world)
    await host.readBack()
    const before = world.promised
    const capture = await host.snapshot(true)
    if (capture === null || capture < before) note(`it does not go on: capture ${capture}`)
    await host.compareStatus()
    tally.operations += world.operations
    for (const problem of world.problems) note(problem)
    return world
  } catch (error) {
    note(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return null
  }
}
