/**
 * Damage to the bytes of a small store that was closed in good order: bytes flipped, blocks swapped, old or blank, the file cut or
 * missing. Opening it must end in a clear refusal, or in a state it once had, with a report when that is an older one; and whatever is
 * read is right or refused. Never wrong data.
 */
import { actorPorts } from '@katydid/abi'
import type { History } from '@katydid/kernel/state-interval/history.js'
import { Random } from '@katydid/actor'
import { DiskOpenError, MemoryFile, openDisk } from '@katydid/devices'
import { programsOf } from './campaign-run.js'
import type { Progress } from './crash-cuts.js'
import { Findings } from './findings.js'
import { CampaignHost } from './host.js'
import { takeBack } from './rollback-cuts.js'
import { storeScene } from './scenes.js'
import { scriptedRun } from './scripted-run.js'
import { tillName } from './sim-visit.js'
import { isLossOfRoot, WholeWorld, type Remains } from './whole-world.js'

/** A store, and what was done to it. */
export interface Mutation {
  readonly what: string
  readonly image: Uint8Array
}

/** How a store comes to be there: the world was stopped in good order, or its process was killed when all was on the disk. */
export type Left = 'stopped' | 'killed'

/** A store as a world left it, and what it had been earlier. */
export interface Store {
  readonly remains: Remains
  /** The bytes at an earlier, quiet moment. */
  readonly earlier: Uint8Array
  /** Blocks that were ever written. */
  readonly blocks: number
}

/** How opening a damaged store ended; `reported`: older than it was, or without something of its past. */
export type Outcome = 'refused' | 'reported' | 'whole' | 'reads refused' | 'wrong'

export interface DamageResult {
  readonly mutations: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Visits that were run again, and rollbacks to kept lines, in damaged worlds. */
  readonly again: number
  readonly takenBack: number
  /** Managers that did not start, since the newest of their root pages was lost. */
  readonly withoutRoot: number
  readonly kinds: Readonly<Record<string, number>>
  readonly wrong: readonly string[]
}

const blockBytes = 4096
/** Added to a seed whose course does not come to what is wanted. */
const otherCourse = 1000

/**
 * A small store with everything in it: containers of each manager, one mapped into another, an open and a forked snapshot, kept lines, and visits: if it
 * was killed, also some that no capture has yet.
 */
export async function smallStore(seed: number, how: Left = 'stopped'): Promise<Store> {
  const run = await scriptedRun(seed, { rounds: 2, shape: storeScene })
  const { world, host } = run
  const earlier = world.disk.memory.image.slice()
  await host.start('x7', 'a')
  await host.start('y7', 'b')
  world.run(20)
  await host.snapshot(true)
  if (how === 'killed') {
    // The line stands at a visit that no capture has yet.
    const till = (): History => world.kernel.machine.containers.named(tillName)!.intervals.history
    for (let nth = 8; till().base?.logged?.durable !== true && nth < 40; nth++) {
      await host.start(`y${nth}`, nth % 2 === 0 ? 'b' : 'c')
      world.until(() => till().base?.logged?.durable === true, 60)
    }
    if (till().base?.logged?.durable !== true) {
      // Not in every course does the line come to stand there.
      if (seed > otherCourse * 5) throw new Error(`seed ${seed}: no visit is on the line`)
      return smallStore(seed + otherCourse, how)
    }
  } else {
    await world.settle(world.kernel.stop())
    // As a supervisor does: the disk is stopped last.
    for (const port of [actorPorts.firstManager, ...world.others]) world.sim.crash(port)
    await world.settle(new Promise((resolve) => world.disk.core.stop(resolve)))
  }
  const { problems } = world
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const image = trimmed(world.disk.memory.image)
  const remains = world.remains(image)
  // The end of a log that was not closed may be missing as if it had never been written.
  const { told: _, ...content } = remains
  const unpromised = { ...content, promised: 0, promisedLine: new Map() }
  const left = how === 'killed' ? unpromised : remains
  return { remains: left, earlier, blocks: image.length / blockBytes }
}

/** Mutations of every kind, drawn from the seed; `flips` of them are of single bytes. */
export function* drawnMutations(store: Store, seed: number, flips: number): Generator<Mutation> {
  const random = new Random(seed)
  const { image } = store.remains
  for (let n = 0; n < flips; n++) {
    // Every block has its turn; within a block heads and records lie in front.
    const block = n % store.blocks
    const within = random.chance(0.5) ? random.below(256) : random.below(blockBytes)
    yield flipped(image, block * blockBytes + within, 1 << random.below(8))
  }
  for (let block = 0; block < store.blocks; block++) {
    yield { what: `cut at block ${block}`, image: image.slice(0, block * blockBytes) }
    const torn = block * blockBytes + 1 + random.below(blockBytes - 1)
    yield { what: `cut at byte ${torn}`, image: image.slice(0, torn) }
    yield replaced(store, block, new Uint8Array(blockBytes), `block ${block} blank`)
    const old = store.earlier.subarray(block * blockBytes, (block + 1) * blockBytes)
    if (old.length === blockBytes)
      yield replaced(store, block, old, `block ${block} as it once was`)
    yield swapped(store, block, random.below(store.blocks))
  }
}

/** In each the log ends before a root page, which is lost with all that follows. */
export function* lostRootPages({ remains: { image } }: Store): Generator<Mutation> {
  const { groups } = openDisk(new MemoryFile(blockBytes, image.slice()), null)
  for (const { block, head } of groups)
    if (head.records.some(({ kind }) => kind === 'root_page'))
      yield flipped(image, block * blockBytes + blockBytes / 8, 1)
}

/** The byte at `at` with `bits` turned round. */
export function flipped(image: Uint8Array, at: number, bits: number): Mutation {
  const copy = image.slice()
  copy[at] = copy[at]! ^ bits
  return { what: `bits ${bits} of byte ${at} flipped`, image: copy }
}

/** Opens each mutation and reads all that can be read. */
export async function sufferDamage(
  store: Store,
  mutations: Iterable<Mutation>,
  onProgress: Progress = () => {},
): Promise<DamageResult> {
  const outcomes = { refused: 0, reported: 0, whole: 0, 'reads refused': 0, wrong: 0 }
  const findings = new Findings()
  const done = { again: 0, takenBack: 0, withoutRoot: 0 }
  let mutated = 0
  for (const { what, image } of mutations) {
    const found = await outcomeOf({ ...store.remains, image }, mutated, done)
    outcomes[found.outcome]++
    mutated++
    if (found.outcome === 'wrong') findings.add(what, found.why)
    onProgress(mutated, findings.wrong)
  }
  const { kinds, wrong } = findings
  return { mutations: mutated, outcomes, ...done, kinds, wrong }
}

interface Judged {
  readonly outcome: Outcome
  readonly why: string
}

async function outcomeOf(
  remains: Remains,
  seed: number,
  done: { again: number; takenBack: number; withoutRoot: number },
): Promise<Judged> {
  let world: WholeWorld
  try {
    world = new WholeWorld(seed, storeScene.world, programsOf(storeScene), remains)
  } catch (error) {
    if (error instanceof DiskOpenError) return { outcome: 'refused', why: error.message }
    return { outcome: 'wrong', why: (error as Error).stack ?? '' }
  }
  world.faulty = true
  try {
    const boot = await world.open()
    if (boot.status !== 'ok')
      return boot.detail === ''
        ? { outcome: 'wrong', why: `refused without a sentence: ${boot.status}` }
        : { outcome: 'refused', why: boot.detail }
    await new CampaignHost(world).readBack()
    const judged = judge(world, remains, boot.recoveredCapture, boot.damage)
    const { phase } = world
    const isStopped = world.of('manager_given_up').length > 0
    if (judged.outcome === 'wrong' || isStopped || phase !== 'open') return judged
    return (await pastOf(world, seed, done)) ?? judged
  } catch (error) {
    return { outcome: 'wrong', why: (error as Error).stack ?? '' }
  } finally {
    done.again += world.seen.get('visit again') ?? 0
    const ends = [...world.of('manager_given_up'), ...world.of('failed')]
    done.withoutRoot += ends.filter(({ detail }) => isLossOfRoot(detail)).length
  }
}

/** Of some a snapshot is opened and read, others are taken back to a kept line and read there: nothing of either may be wrong. */
async function pastOf(
  world: WholeWorld,
  seed: number,
  done: { takenBack: number },
): Promise<Judged | null> {
  const host = new CampaignHost(world)
  if (seed % 3 === 0) await readSnapshot(host, ['a', 'b', tillName][(seed / 3) % 3]!, seed)
  const to = world.kernel.machine.kept.all.at(0)?.record.line
  if (seed % 3 === 1 && to !== undefined) {
    const refused = await takeBack(world, to)
    if (refused.length === 0) {
      done.takenBack++
      if (world.phase === 'open') await host.readBack()
    }
  }
  const { problems } = world
  return problems.length > 0 ? { outcome: 'wrong', why: problems.slice(0, 3).join('; ') } : null
}

async function readSnapshot(host: CampaignHost, source: string, which: number): Promise<void> {
  const { world } = host
  await host.openSnapshot(source, 'p', which)
  if (world.model.containers.get('p')?.adopted !== true) return
  await host.setProgram('p', 'read')
  if (!(await host.start('reader past', 'p'))) return
  world.until(() => world.model.loci.get('reader past')?.end !== null, 60_000)
}

function judge(
  world: WholeWorld,
  remains: Remains,
  capture: number,
  damage: string | null,
): Judged {
  const failure = [...world.of('failed'), ...world.of('manager_given_up')][0]
  const { problems } = world
  if (problems.length > 0) return { outcome: 'wrong', why: problems.slice(0, 3).join('; ') }
  if (failure !== undefined) return { outcome: 'refused', why: failure.detail }
  if (capture < remains.promised && damage === null)
    return {
      outcome: 'wrong',
      why: `back at ${capture} of ${remains.promised} without a report`,
    }
  if (damage !== null) return { outcome: 'reported', why: damage }
  const refused = world.of('locus_ended').some((each) => each.status !== 'ok')
  return { outcome: refused ? 'reads refused' : 'whole', why: '' }
}

function replaced({ remains }: Store, block: number, by: Uint8Array, what: string): Mutation {
  const copy = remains.image.slice()
  copy.set(by, block * blockBytes)
  return { what, image: copy }
}

function swapped({ remains }: Store, one: number, other: number): Mutation {
  const { image } = remains
  const copy = image.slice()
  const part = (block: number): Uint8Array =>
    image.subarray(block * blockBytes, (block + 1) * blockBytes)
  copy.set(part(other), one * blockBytes)
  copy.set(part(one), other * blockBytes)
  return { what: `blocks ${one} and ${other} swapped`, image: copy }
}

/** Without the blank blocks at its end. */
function trimmed(image: Uint8Array): Uint8Array {
  let end = image.length
  while (end > 0 && image[end - 1] === 0) end--
  return image.slice(0, Math.ceil(end / blockBytes) * blockBytes)
}
