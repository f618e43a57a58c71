/**
 * A scripted run with everything in it: containers made, adopted, written, captured, forked from a retained snapshot, opened, destroyed; the manager snapshots itself and cleans
 * segments. Cut at any write, or its manager killed at any message, it must come back and go on.
 */
import { CampaignRun, smallRun, type RunShape, type Script } from './campaign-run.js'
import { map } from './fuzz-mappings.js'
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

const firstScript: Script = {
  containers: { a: 'random', b: 'random', c: 'random', v: 'random' },
  source: 'a',
  fork: 'f',
}

/** Carries the script out in a new world. `prepare` sees it before it boots. */
export async function scriptedRun(
  seed: number,
  options: { readonly rounds?: number; readonly shape?: RunShape } = {},
  prepare: (run: CampaignRun) => void = () => {},
): Promise<CampaignRun> {
  const { rounds = 6, shape = crashShape } = options
  const { script = firstScript } = shape
  const run = await CampaignRun.begin(seed, shape, prepare)
  for (let round = 0; round < rounds; round++) {
    for (const [name, program] of Object.entries(script.containers))
      await inhabit(run, name, program)
    for (const region of script.regions ?? []) await map(run, region)
    await run.host.start(`x${round}`, 'a')
    await run.host.start(`y${round}`, round % 2 === 0 ? 'b' : 'c')
    await run.host.start(`v${round}`, 'v')
    run.world.run(15)
    await run.host.snapshot(round % 3 === 0)
    run.world.run(30)
    // Before the world is captured and before the manager snapshots itself: the fork must be there after either.
    await branch(run, round, script)
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
async function branch(
  run: CampaignRun,
  round: number,
  { source, fork, containers }: Script,
): Promise<void> {
  const { host, world } = run
  if (!world.model.containers.has(fork)) {
    await host.fork(source, fork)
    await host.setProgram(fork, containers[source]!)
    await host.start(`z${round}`, fork)
    return
  }
  await host.drop(round % 2 === 0 ? source : 'b')
  world.until(() => !world.model.isInUse(fork), 2_000)
  await host.destroy(fork)
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
export async function inhabit(
  { host, world }: CampaignRun,
  name: string,
  program = 'random',
): Promise<void> {
  if (!world.model.containers.has(name)) await host.create(name, 30)
  await host.adopt(name)
  await host.setProgram(name, program)
}
