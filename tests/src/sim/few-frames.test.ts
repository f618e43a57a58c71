/** Containers that are together 50 times the machine's frames, at every count of frames from the least to twice that, in the simulator. */
import test from 'ava'
import { CampaignHost } from '../campaign/host.js'
import {
  demandZero,
  smallShape,
  WholeWorld,
  type SimProgram,
  type WholeShape,
} from '../campaign/whole-world.js'

/** What each manager needs at the most, and each locus besides. */
const framesOfManager = 16
const framesOfLocus = 4
const stores = 24

/** Writes words all over its container, reads each again, and goes to rest between. */
const scattered = (pages: number): SimProgram =>
  function* (locus) {
    const at = (step: number): number =>
      ((Math.imul(step + 1, 7919) + locus.slot * 101) % pages) * 4096 + 8 * locus.slot
    while (locus.model.registers[0]! < BigInt(stores)) {
      const step = Number(locus.model.registers[0]!)
      yield* locus.store(at(step), step + 1)
      locus.setRegister(0, BigInt(step + 1))
      yield* locus.safepoint()
    }
    for (let step = 0; step < stores; step++) yield* locus.load(at(step))
    return Uint8Array.of(1)
  }

/** Runs it to its end, or for five minutes of its own time; answers what went wrong. */
async function run(frames: number, loci: number, isTwo: boolean): Promise<string[]> {
  const shape: WholeShape = {
    ...smallShape,
    frames,
    maxLoci: loci,
    disk: { segmentBlocks: 64, capacity: 128 },
    manager: { ...smallShape.manager, ownFrames: 4 },
    others: isTwo ? [demandZero] : [],
    demandZero: { leastFrames: 4 },
    snapshotEveryMs: 40,
  }
  const pages = frames * 25
  const world = new WholeWorld(frames * 8 + loci, shape, new Map([['s', scattered(pages)]]))
  await world.open()
  const host = new CampaignHost(world)
  // The host gives containers of that name to the demand-zero manager.
  const homes = isTwo ? ['a', 'e'] : ['a', 'b']
  for (const home of homes) {
    await host.create(home, pages)
    await host.adopt(home)
    await host.setProgram(home, 's')
  }
  const names = Array.from({ length: loci }, (_, nth) => `l${nth}`)
  for (const [nth, name] of names.entries()) await host.start(name, homes[nth % 2]!)
  const isOver = (): boolean => names.every((name) => world.model.loci.get(name)?.end === 'ok')
  world.until(() => isOver() || world.problems.length > 0, 300_000)
  await host.snapshot(true)
  const about = `${frames} frames, ${loci} loci`
  const found = world.problems.map((problem) => `${about}: ${problem}`)
  if (!isOver()) found.push(`${about}: not at their end`)
  if (world.of('recoverable').length === 0) found.push(`${about}: no snapshot`)
  return found
}

test('[PS10] at every count of frames down to the least, containers of 50 times as many run to their end with one to four loci', async (t) => {
  const found: string[] = []
  let worlds = 0
  for (let loci = 1; loci <= 4; loci++)
    for (let frames = framesOfManager; frames <= mostOf(1, loci); frames++, worlds++)
      found.push(...(await run(frames, loci, false)))

  t.deepEqual(found, [])
  t.true(worlds > 100)
})

test('[PS10] so do those of two managers', async (t) => {
  const found: string[] = []
  let worlds = 0
  for (let frames = 2 * framesOfManager; frames <= mostOf(2, 4); frames++, worlds++)
    found.push(...(await run(frames, 1 + (frames % 4), true)))

  t.deepEqual(found, [])
  t.true(worlds > 50)
})

/** Twice what managers and loci need at the most. */
function mostOf(managers: number, loci: number): number {
  return 2 * (framesOfManager * managers + framesOfLocus * loci)
}
