/**
 * The power fails at every write of a scripted run in turn: before it, after it, and torn, that is, with any of the sectors that no
 * barrier covers. Each time the world must come back at a state that was reported recoverable or a later one, hold what it held there,
 * and go on. Now and then the power fails again while it recovers.
 */
import { Random } from '@katydid/actor'
import { crashImage, powerCut, type PowerCut } from '@katydid/devices'
import { CampaignHost } from './host.js'
import { programsOf, type RunShape } from './campaign-run.js'
import { Findings } from './findings.js'
import { crashShape, scriptedRun } from './scripted-run.js'
import { WholeWorld, type Remains } from './whole-world.js'

/** Hears how far a campaign has come: how many it has looked at, and what was wrong among them. */
export type Progress = (done: number, wrong: readonly string[]) => void

/** One image of a campaign: of which write, and which of its sectors arrived (a kind of `tears`; left out: all kinds). */
export interface OneImage {
  readonly write: number
  readonly torn?: string
}

export interface CutOptions {
  readonly seed: number
  /** Looks at one write in so many; 1: at all. */
  readonly every: number
  /** Torn images of each cut, besides none, all, all but the first and all but the last sector. */
  readonly torn: number
  /** One image in so many is cut again while it recovers. */
  readonly compoundEvery: number
  readonly rounds?: number
  /** Of the scripted run; the worlds that come after it have the same, on a disk that does what it says. */
  readonly shape?: RunShape
  /** Only this: to have again what was found. */
  readonly only?: OneImage
  readonly onProgress?: Progress
}

export interface CutResult {
  /** Writes of the run. */
  readonly writes: number
  readonly images: number
  /** Images of a second cut, during the recovery from a first. */
  readonly compound: number
  /** Worlds that came back and said, where that is allowed, that their disk is full. */
  readonly full: number
  /** Accesses and calls compared after recoveries. */
  readonly operations: number
  /** What the loci of the run did of transactions and visits, by how it ended, and what was done again after recoveries. */
  readonly done: Readonly<Record<string, number>>
  /** Each kind of what is wrong, and how often it was found. */
  readonly kinds: Readonly<Record<string, number>>
  readonly wrong: readonly string[]
}

class Tally {
  readonly findings = new Findings()
  readonly done: Record<string, number> = {}
  images = 0
  compound = 0
  full = 0
  operations = 0

  /** Counts what a world's loci did. */
  add(world: WholeWorld): void {
    this.operations += world.operations
    for (const [what, times] of world.seen)
      if (/^(transaction|visit) /.test(what)) this.done[what] = (this.done[what] ?? 0) + times
  }

  result(writes: number): CutResult {
    const { images, compound, full, operations, done, findings } = this
    const { kinds, wrong } = findings
    return { writes, images, compound, full, operations, done, kinds, wrong }
  }
}

/** Cuts the run of the seed at its writes. What is drawn for an image follows from the seed and the number of its write alone. */
export async function cutEverywhere(options: CutOptions): Promise<CutResult> {
  const { seed, rounds = 6, shape = crashShape, only } = options
  const run = await scriptedRun(seed, { rounds, shape })
  const { entries } = run.world.disk.journal
  const tally = new Tally()
  tally.add(run.world)
  for (const problem of judgedOf(run.world, shape, run.world.problems))
    tally.findings.add(`seed ${seed}, the run`, problem)
  const writes = entries.flatMap((entry, at) => (entry.kind === 'write' ? [at] : []))
  for (const [nth, at] of writes.entries()) {
    if (only === undefined ? nth % options.every !== 0 : nth !== only.write) continue
    const random = new Random(seed ^ Math.imul(nth + 1, 0x9e3779b1))
    const cut = powerCut(new Uint8Array(0), entries, at + 1)
    for (const [kind, isThere] of tears(cut, random, options.torn)) {
      const drawn = random.fork()
      if (only?.torn !== undefined && only.torn !== kind) continue
      const remains = {
        image: crashImage(cut, isThere),
        captured: run.world.capturedBy(at + 1),
        ...promisedBy(run.world, at + 1),
      }
      const place = `seed ${seed}, write ${nth} (${kind})`
      await comeBack(remains, place, tally, { ...options, shape: run.shape }, drawn)
    }
    options.onProgress?.(tally.images, tally.findings.wrong)
  }
  return tally.result(writes.length)
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
  { shape, compoundEvery }: CutOptions & { readonly shape: RunShape },
  random: Random,
): Promise<void> {
  tally.images++
  const life = { tally, shape }
  const world = await recovered(remains, place, life, random.next())
  const isAgain = random.below(compoundEvery) === 0
  if (world === null || !isAgain) return
  const { entries } = world.disk.journal
  const upTo = 1 + random.below(entries.length)
  const cut = powerCut(remains.image, entries, upTo)
  const density = random.fraction()
  const again: Remains = {
    image: crashImage(cut, () => random.chance(density)),
    captured: world.capturedBy(upTo),
    ...promisedBy(world, upTo > entries.length ? 0 : upTo, remains),
  }
  tally.compound++
  await recovered(again, `${place}, then entry ${upTo} of the next life`, life, random.next())
}

/** A world of that shape whose disk does what it says. */
function soundOf({ world }: RunShape): WholeWorld['shape'] {
  return { ...world, disk: { ...world.disk, barrierLies: false } }
}

/** Opens what is left, reads everything back and goes on; the world, unless it could not be opened or is full. */
async function recovered(
  remains: Remains,
  place: string,
  { tally, shape }: { readonly tally: Tally; readonly shape: RunShape },
  seed: number,
): Promise<WholeWorld | null> {
  const problems: string[] = []
  let world: WholeWorld | null = null
  try {
    world = new WholeWorld(seed, soundOf(shape), programsOf(shape), remains)
    const boot = await world.open()
    if (boot.status !== 'ok') problems.push(`boot: ${boot.status}, ${boot.detail}`)
    if (boot.damage !== null) problems.push(`a power cut is no damage: ${boot.damage}`)
    const host = new CampaignHost(world)
    await host.readBack()
    const before = world.promised
    const capture = await host.snapshot(true)
    if (capture === null || capture < before) problems.push(`it does not go on: capture ${capture}`)
    await host.compareStatus()
    tally.add(world)
    problems.push(...world.problems)
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
    problems.push(...(world?.problems ?? []))
  }
  const judged = world === null ? problems : judgedOf(world, shape, problems)
  for (const problem of judged) tally.findings.add(place, problem)
  const isOver = shape.mayBeFull === true && world !== null && isFull(world)
  if (isOver) tally.full++
  return isOver || problems.length > 0 ? null : world
}

/** What is wrong of this: where that is allowed a world may say that it is full, and nothing else; what was read before it said so was right. */
const judgedOf = (
  world: WholeWorld,
  { mayBeFull }: RunShape,
  problems: readonly string[],
): readonly string[] =>
  mayBeFull === true && isFull(world) ? problems.filter(isOfContent) : problems

/** It has said that there is no room: at its boot, or as it went on. */
function isFull(world: WholeWorld): boolean {
  return (
    world.boot?.status === 'disk_full' ||
    world.events.some((each) => 'status' in each && each.status === 'disk_full')
  )
}

/** That something is not as it was: no lack of room excuses that. */
const isOfContent = (problem: string): boolean =>
  /reads |held |is back at|back at capture|no damage|knows |register |TypeError|InvariantViolation/.test(
    problem,
  )
