/**
 * A till whose visits are logged, and visitors in containers of their own, while managers, loci and the power fail. The model has a
 * picture of the till at each visit, taken when nobody else can be in it; so whatever is run again is compared word for word. And each visitor
 * knows how often it was there: a till that has heard of more has received what nobody has sent, one that has heard of less has lost a visit.
 */
import { Random } from '@katydid/actor'
import { CampaignRun, smallRun, type RunShape } from './campaign-run.js'
import { countedVisit, tillName } from './sim-visit.js'
import { demandZero, deterministic, smallShape, type SimProgram } from './whole-world.js'

export interface VisitsResult {
  readonly problems: readonly string[]
  /** Visits that became points, that did not, and that were run again. */
  readonly points: number
  readonly others: number
  readonly again: number
  /** Recoveries of a part in which only the till went back. */
  readonly alone: number
  /** Calls and their statuses, and how often each was seen. */
  readonly calls: ReadonlyMap<string, number>
  readonly traceHash: string
}

/** What a visitor does until its end. */
const deedsOfVisitor = 400
const homes = ['a', 'b', 'c'] as const

/** Visits the till, and does something in its own container now and then. */
function visitor(deeds: number): SimProgram {
  return function* (locus) {
    const own = homes.indexOf(locus.container as 'a')
    while (locus.model.registers[0]! < BigInt(deeds)) {
      if (locus.random.chance(0.3))
        yield* locus.store(4 * locus.random.below(64), locus.random.next() | 0)
      else yield* countedVisit(locus, own)
      locus.setRegister(0, locus.model.registers[0]! + 1n)
      yield* locus.safepoint()
      if (locus.random.chance(0.2)) yield* locus.sleep(locus.random.below(3))
    }
    return Uint8Array.of(1)
  }
}

const visitsShape: RunShape = {
  ...smallRun,
  deeds: deedsOfVisitor,
  pages: 12,
  programs: new Map([['visitor', visitor(deedsOfVisitor)]]),
  world: {
    ...smallShape,
    frames: 96,
    disk: { segmentBlocks: 32, capacity: 256 },
    others: [demandZero, deterministic],
    managers: { [tillName]: deterministic.name },
    snapshotEveryMs: 40,
    auditEvery: 1,
  },
}

export async function runVisits(options: {
  readonly seed: number
  readonly rounds: number
}): Promise<VisitsResult> {
  const random = new Random(options.seed ^ 0x715)
  const tally = { alone: 0 }
  const run = await CampaignRun.begin(options.seed, visitsShape)
  for (let round = 0; round < options.rounds; round++) {
    await inhabit(run)
    run.world.run(20 + random.below(120))
    const before = run.world
    await fate(run, random)
    run.host.ready()
    tally.alone += aloneIn(before)
    if (run.world.problems.length > 0) break
  }
  await run.host.readBack()
  const seen = (what: string): number => run.world.seen.get(`visit ${what}`) ?? 0
  return {
    problems: run.world.problems,
    points: seen('is a point'),
    others: seen('is none'),
    again: seen('again'),
    alone: tally.alone,
    calls: run.world.seen,
    traceHash: run.traceHash,
  }
}

/** Recoveries since the last look in which nothing but the till went back. */
function aloneIn(world: CampaignRun['world']): number {
  const rollbacks = world.of('rollback').splice(0)
  const alone = rollbacks.filter(
    ({ moved }) => moved.length === 1 && moved[0]!.container === tillName && moved[0]!.from !== 0,
  )
  return alone.length
}

async function inhabit({ host, world }: CampaignRun): Promise<void> {
  for (const name of [tillName, ...homes]) {
    if (!world.model.containers.has(name)) await host.create(name, 12)
    if (world.model.containers.get(name)?.adopted === false) await host.adopt(name)
    if (world.model.containers.get(name)?.hasProgram === false)
      await host.setProgram(name, name === tillName ? 'random' : 'visitor')
  }
  for (const name of homes) {
    const locus = world.model.loci.get(`visitor ${name}`)
    if (locus === undefined) await host.start(`visitor ${name}`, name)
  }
}

async function fate(run: CampaignRun, random: Random): Promise<void> {
  const { world } = run
  const drawn = random.below(10)
  if (drawn < 4) {
    const till = world.kernel.machine.managers
      .all()
      .find((each) => each.program.name === deterministic.name)
    const now = world.sim.clock.nowMs()
    if (till === undefined || run.kills.filter((at) => now - at < 60_000).length >= 4) return
    run.kills.push(now)
    if (world.others.has(till.port)) world.killManager('killed', till.port)
  } else if (drawn < 6) {
    const ports = world.lociPorts()
    if (ports.length > 0) world.killLocus(ports[random.below(ports.length)]!)
  } else if (drawn < 8) await run.cutPower()
  else await run.host.snapshot(random.chance(0.5))
  world.run(random.below(60))
}
