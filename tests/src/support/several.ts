/** Worlds of several machines for tests: a locus on each that works and prints, and what was told of it. */
import type { ExecutionContext } from 'ava'
import type { LocusHandle, OpenOptions, World } from 'katydid'
import { fixture, openForTest } from './worlds.js'

/** What was told of the locus on a machine: its rounds, by the number of the line. */
export interface Told {
  /** Whether lines that came twice were the same, and none was left out. */
  readonly problems: string[]
  readonly rounds: Map<number, string>
}

export interface Work {
  readonly pages: number
  readonly rounds: number
  readonly pauseMs: number
}

/** So many machines, small ones, in one process. */
export function openSeveral(
  t: ExecutionContext,
  machines: number,
  options: Omit<OpenOptions, 'machines'>,
): Promise<World> {
  return openForTest(t, {
    machines,
    diskBytes: 64 * 1024 ** 2,
    snapshotEveryMs: 50,
    ...options,
  })
}

/** A line of a machine’s locus was told. One that comes twice is the same, and none is left out. */
export function note(
  told: Map<number, Told>,
  {
    machine,
    sequence,
    text,
  }: { readonly machine: number; readonly sequence: number; readonly text: string },
): void {
  const of = told.get(machine) ?? { problems: [], rounds: new Map<number, string>() }
  told.set(machine, of)
  const before = of.rounds.get(sequence)
  if (before !== undefined && before !== text)
    of.problems.push(`line ${sequence} of machine ${machine} was “${before}” and is “${text}”`)
  if (!of.rounds.has(sequence) && of.rounds.size !== sequence - 1)
    of.problems.push(`line ${sequence} of machine ${machine} came after ${of.rounds.size} lines`)
  of.rounds.set(sequence, text)
}

/** Notes the lines of locus `worker N` of each machine. */
export function hear(world: World, told = new Map<number, Told>()): ReadonlyMap<number, Told> {
  world.on('output', (line) => note(told, line))
  return told
}

/** A container and a locus on the machine, which prints its rounds. */
export async function work(world: World, machine: number, args: Work): Promise<LocusHandle> {
  const container = await world.createContainer({
    name: `box ${machine}`,
    program: fixture('told-rounds'),
    machine,
  })
  return world.startLocus(container, { name: `worker ${machine}`, args })
}

/** Every round was told, each once, in its order; what is wrong, or nothing. */
export function problemsOf({ problems, rounds }: Told, { rounds: count }: Work): string[] {
  const lines = [...rounds].sort(([a], [b]) => a - b).map(([, text]) => text)
  const expected = Array.from({ length: count }, (_, nth) => `round ${nth + 1}`)
  const differs = expected.findIndex((text, nth) => lines[nth] !== text)
  if (differs >= 0 || lines.length !== count)
    return [...problems, `line ${differs + 1} of ${lines.length} is “${lines[differs]}”`]
  return [...problems]
}
