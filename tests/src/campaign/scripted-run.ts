/**
 * A scripted run with everything in it: containers made, adopted, written, captured, forked from a retained snapshot, opened, destroyed; the manager snapshots itself and cleans
 * segments. Cut at any write, or its manager killed at any message, it must come back and go on.
 */
import { CampaignRun, smallRun, type RunShape } from './campaign-run.js'
import { smallShape } from './whole-world.js'

/** A disk small enough that segments are used anew. */
export const crashShape: RunShape = {
  ...smallRun,
  deeds: 60,
  pages: 24,
  world: {
    ...smallShape,
    maxContainers: 12,
    disk: { segmentBlocks: 24, capacity: 64 },
    manager: { ...smallShape.manager, snapshotBytes: 256 * 1024, snapshotFolds: 3, retain: 2 },
  },
}

/** Carries the script out in a new world. `prepare` sees it before it boots. */
export async function scriptedRun(
  seed: number,
  options: { readonly rounds?: number; readonly shape?: RunShape } = {},
  prepare: (run: CampaignRun) => void = () => {},
): Promise<CampaignRun> {
  const { rounds = 6, shape = crashShape } = options
  const run = await CampaignRun.begin(seed, shape, prepare)
  for (let round = 0; round < rounds; round++) {
    for (const name of ['a', 'b', 'c', 'v']) await inhabit(run, name)
    await run.host.start(`x${round}`, 'a')
    await run.host.start(`y${round}`, round % 2 === 0 ? 'b' : 'c')
    await run.host.start(`v${round}`, 'v')
    run.world.run(15)
    await run.host.snapshot(round % 3 === 0)
    run.world.run(30)
    // Before the world is captured and before the manager snapshots itself: the fork must be there after either.
    await branch(run, round)
    await lookBack(run, round)
    await run.host.snapshot(true)
    if (round % 2 === 1) {
      run.world.until(() => !run.world.model.isInUse('c'), 2_000)
      await run.host.destroy('c')
    }
    run.world.stabilise()
    run.world.run(10)
  }
  await run.host.snapshot(true)
  run.world.run(200)
  return run
}

/** What another container held some snapshots ago is forked, lived in and destroyed; a snapshot is given up. */
async function branch(run: CampaignRun, round: number): Promise<void> {
  const { host, world } = run
  if (!world.model.containers.has('f')) {
    await host.fork('a', 'f')
    await host.setProgram('f', 'random')
    await host.start(`z${round}`, 'f')
    return
  }
  await host.drop(round % 2 === 0 ? 'a' : 'b')
  world.until(() => !world.model.isInUse('f'), 2_000)
  await host.destroy('f')
}

/** A snapshot is opened, read, and closed two rounds later: so it is open at captures, at kills, and when the power fails. */
async function lookBack({ host, world }: CampaignRun, round: number): Promise<void> {
  if (!world.model.containers.has('o')) {
    await host.openSnapshot('b', 'o', round)
    await host.setProgram('o', 'read')
    await host.start(`o${round}`, 'o')
    return
  }
  if (round % 2 === 1) return
  world.until(() => !world.model.isInUse('o'), 2_000)
  await host.destroy('o')
}

/** The container is there, with a manager and a program. */
export async function inhabit({ host, world }: CampaignRun, name: string): Promise<void> {
  if (!world.model.containers.has(name)) await host.create(name, 30)
  await host.adopt(name)
  await host.setProgram(name, 'random')
}
