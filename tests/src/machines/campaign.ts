/** One seed of the campaign over machines: a world is made, works, is struck again and again, comes to rest, and everything that has to hold is looked at. */
import { smallShape } from '../campaign/whole-world.js'
import { Blows } from './blows.js'
import { Ground } from './ground.js'
import { WholeMachines, type MachinesShape } from './whole-machines.js'

export interface SeedOutcome {
  readonly seed: number
  readonly problems: readonly string[]
  readonly seen: ReadonlyMap<string, number>
  readonly operations: number
  readonly steps: number
  readonly traceHash: string
}

export const machinesShape: MachinesShape = {
  machines: 8,
  containers: ['a', 'b'],
  pages: 8,
  deeds: 50,
  acquaintances: 1,
  isExact: true,
  pauseMs: 30,
  letters: 0.4,
  wires: { latencyMs: 1, spreadMs: 5 },
  world: {
    ...smallShape,
    frames: 48,
    maxLoci: 6,
    maxContainers: 12,
    others: [],
    snapshotEveryMs: 110,
  },
}

/** So long may it take until all machines are open and agree when nothing is broken any more. */
const openMs = 30_000
const settleMs = 30_000

export async function campaignSeed(
  seed: number,
  options: Partial<MachinesShape> = {},
  tell: (what: string) => void = () => {},
): Promise<SeedOutcome> {
  const shape = { ...machinesShape, isExact: seed % 3 !== 0, ...options }
  const machines = new WholeMachines(seed, shape)
  machines.tell = tell
  const ground = new Ground(machines)
  const blows = new Blows(machines)
  const { problems } = machines
  await machines.begin()
  const steps = (what: string): void =>
    tell(`${machines.nowMs.toFixed(1)} ${what} after ${machines.network.steps} steps`)
  steps('begun')
  blows.course()
  blows.mend()
  steps('mended')
  const done = (what: string, condition: () => boolean, forMs: number): void => {
    const isSo = (): boolean => {
      blows.lookAfter()
      return condition()
    }
    if (problems.length === 0 && !machines.until(isSo, forMs)) problems.push(what)
  }
  done('I18: not all machines came to be open', () => machines.agrees, openMs)
  machines.close()
  const isStill = (): boolean =>
    machines.agrees &&
    [...machines.worlds.values()].every(({ model }) =>
      [...model.loci.values()].every(({ end }) => end !== null),
    ) &&
    ground.inTransit().length === 0
  done('I5, I18: letters were not received, or loci have not ended', isStill, settleMs)
  steps('still')
  if (problems.length === 0) await machines.readBack()
  steps('read')
  done(
    'I3, I18: the lines did not come to be what they could',
    () => ground.lineProblems(true).length === 0,
    settleMs,
  )
  steps('ended')
  machines.finish()
  if (problems.length === 0) {
    problems.push(...ground.orphans())
    if (ground.sum() !== 0) problems.push(`I5: all money is ${ground.sum()}`)
  }
  const { seen, operations, network } = machines
  seen.set('recovery', ground.recoveries)
  seen.set('return', ground.returns)
  seen.set('line', 1)
  for (const [what, times] of blows.struck) seen.set(`blow ${what}`, times)
  return { seed, problems, seen, operations, steps: network.steps, traceHash: network.traceHash() }
}
