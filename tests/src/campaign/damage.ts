/**
 * Damage to the bytes of a small store that was closed in good order: bytes flipped, blocks swapped, old or blank, the file cut or
 * missing. Opening it must end in a clear refusal, or in a state it once had, with a report when that is an older one; and whatever is
 * read is right or refused. Never wrong data.
 */
import { actorPorts } from '@katydid/abi'
import { Random } from '@katydid/actor'
import { DiskOpenError } from '@katydid/devices'
import { programsOf } from './campaign-run.js'
import { CampaignHost } from './host.js'
import { crashShape, scriptedRun } from './scripted-run.js'
import type { Progress } from './crash-cuts.js'
import { WholeWorld, type Remains } from './whole-world.js'

/** A store, and what was done to it. */
export interface Mutation {
  readonly what: string
  readonly image: Uint8Array
}

/** A store as a world left it, and what it had been earlier. */
export interface Store {
  readonly remains: Remains
  /** The bytes at an earlier, quiet moment. */
  readonly earlier: Uint8Array
  /** Blocks that were ever written. */
  readonly blocks: number
}

/** How opening a damaged store ended. */
export type Outcome = 'refused' | 'older, reported' | 'whole' | 'reads refused' | 'wrong'

export interface DamageResult {
  readonly mutations: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly wrong: readonly string[]
}

const blockBytes = 4096

/** A small store, stopped in good order. */
export async function smallStore(seed: number): Promise<Store> {
  const run = await scriptedRun(seed, { rounds: 2 })
  const earlier = run.world.disk.memory.image.slice()
  await run.host.start('last', 'a')
  run.world.run(20)
  await run.host.snapshot(true)
  await run.world.settle(run.world.kernel.stop())
  // As a supervisor does: the disk is stopped last.
  run.world.sim.crash(actorPorts.firstManager)
  await run.world.settle(new Promise((resolve) => run.world.disk.core.stop(resolve)))
  const { problems } = run.world
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const image = trimmed(run.world.disk.memory.image)
  return { remains: run.world.remains(image), earlier, blocks: image.length / blockBytes }
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
  const outcomes = { refused: 0, 'older, reported': 0, whole: 0, 'reads refused': 0, wrong: 0 }
  const wrong: string[] = []
  let count = 0
  for (const { what, image } of mutations) {
    const found = await outcomeOf({ ...store.remains, image }, count)
    outcomes[found.outcome]++
    count++
    if (found.outcome === 'wrong') wrong.push(`${what}: ${found.why}`)
    if (wrong.length > 20) break
    onProgress(count, wrong)
  }
  return { mutations: count, outcomes, wrong }
}

async function outcomeOf(
  remains: Remains,
  seed: number,
): Promise<{ outcome: Outcome; why: string }> {
  let world: WholeWorld
  try {
    world = new WholeWorld(seed, crashShape.world, programsOf(crashShape), remains)
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
    return judge(world, remains, boot.recoveredCapture, boot.damage)
  } catch (error) {
    return { outcome: 'wrong', why: (error as Error).stack ?? '' }
  }
}

function judge(
  world: WholeWorld,
  remains: Remains,
  capture: number,
  damage: string | null,
): { outcome: Outcome; why: string } {
  const failure = world.of('failed')[0]
  const { problems } = world
  if (problems.length > 0) return { outcome: 'wrong', why: problems.slice(0, 3).join('; ') }
  if (failure !== undefined) return { outcome: 'refused', why: failure.detail }
  if (capture < remains.promised)
    return damage === null
      ? { outcome: 'wrong', why: `back at ${capture} of ${remains.promised} without a report` }
      : { outcome: 'older, reported', why: damage }
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
