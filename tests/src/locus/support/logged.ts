/** Visits of a logged container, recorded on one machine and run again on another that begins with the same memory. */
import { decodeBlock, encodeBlock } from '@katydid/locus'
import type { Capref, ServiceLevel } from '@katydid/abi'
import { allRights, LocusMachine, type Input } from './locus-machine.js'
import type { Work } from './logged-programs.js'

export const module = new URL('./logged-programs.js', import.meta.url).href
/** Containers of a test machine: who visits, the logged one, a moody one, another logged one. */
export const place = { visitor: 0, logged: 1, moody: 2, other: 3 } as const

export interface Visited {
  readonly machine: LocusMachine
  /** What the visitor was answered, visit by visit. */
  readonly results: (Uint8Array | string)[]
  readonly logs: string[]
  readonly caps: readonly Capref[]
}

export function loggedMachine(level: ServiceLevel, entry = 'worker'): LocusMachine {
  const machine = new LocusMachine({ containers: 4, frames: 32, pages: 16 })
  for (const of of [place.logged, place.other]) {
    machine.programs.set(of, { module, entry })
    machine.setLevel(of, level)
  }
  machine.programs.set(place.moody, { module, entry: 'moody' })
  return machine
}

/** Caprefs in the locus’s own table: of the logged container, the moody one, the other logged one, and of none. */
export function capsOf(machine: LocusMachine, slot = 0): Capref[] {
  const grant = (index: number, container: number): Capref =>
    machine.grant('own', slot, index, { container, rights: allRights })
  return [grant(1, place.logged), grant(2, place.moody), grant(3, place.other), 0x7777 as Capref]
}

/** Has locus 0 visit the logged container with each of the works. */
export async function visits(
  machine: LocusMachine,
  works: (caps: readonly Capref[]) => readonly unknown[],
): Promise<Visited> {
  const caps = capsOf(machine)
  const blocks = works(caps).map((work) => encodeBlock(work))
  const end = await machine.run(0, {
    program: { module, entry: 'visitor' },
    block: encodeBlock({ to: caps[0], blocks }),
    name: 'ann',
  })
  if (end.status !== 'ok') throw new Error(`${end.status}: ${end.detail}`)
  machine.pager.evictAll()
  return { machine, results: decodeBlock(end.block) as Visited['results'], logs: end.logs, caps }
}

export const worksOf =
  (...steps: readonly Work['steps'][]) =>
  (caps: readonly Capref[]): Work[] =>
    steps.map((each) => ({ caps, steps: each }))

/** The inputs that were logged of the container, in their order. */
export const inputsOf = (machine: LocusMachine, container: number): Input[] =>
  machine.logged.flatMap(({ cont, input }) => (cont === container && input !== null ? [input] : []))

/** Runs the inputs again, and answers the memory that they leave, what differed, and what was heard of it outside. */
export async function replayed(
  level: ServiceLevel,
  container: number,
  inputs: readonly Input[],
  entry = 'worker',
): Promise<{ pages: Map<number, Uint8Array>; differed: string[]; logs: string[]; logged: number }> {
  const machine = loggedMachine(level, entry)
  const differed: string[] = []
  const end = await machine.run(1, {
    container,
    program: { module, entry },
    replay: { inputs, differed },
  })
  if (end.status !== 'ok') throw new Error(`${end.status}: ${end.detail}`)
  machine.pager.evictAll()
  const others = [0, 1, 2, 3].filter((each) => each !== container)
  for (const other of others)
    if (machine.pager.kept(other).size > 0) differed.push(`it wrote into container ${other}`)
  await machine.close()
  const { logged } = machine
  return { pages: machine.pager.kept(container), differed, logs: end.logs, logged: logged.length }
}
