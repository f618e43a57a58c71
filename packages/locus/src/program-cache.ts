/** What a thread knows of containers' programs: asked of the kernel once, and again when the container's word says it changed. */
import type { Capref, ContainerSlot } from '@katydid/abi'
import type { Region } from '@katydid/actor'
import { LocusError } from './locus-error.js'
import type { Entry, Program } from './program.js'

interface Known {
  readonly generation: number
  readonly version: number
  readonly entry: Entry
}

/** Asks the kernel for the program of the container behind a Capref. */
export type AskProgram = (capref: Capref) => Program | null

export class ProgramCache {
  readonly #known = new Map<ContainerSlot, Known>()

  /** The entry of the container's program. `no_invocation_point`, or as `load` refuses. */
  entryOf(
    region: Region,
    container: ContainerSlot,
    capref: Capref,
    ask: AskProgram,
    load: (program: Program) => Entry,
  ): Entry {
    // Before asking: a change in between then makes the next invocation ask again.
    const version = region.words.load(region.containerWord(container, 'program'))
    const generation = region.words.load(region.containerWord(container, 'generation'))
    const known = this.#known.get(container)
    if (known?.generation === generation && known.version === version) return known.entry
    const program = ask(capref)
    if (program === null)
      throw new LocusError(
        'no_invocation_point',
        'the container has no invocation point; set one first (set_invocation_point)',
      )
    const entry = load(program)
    this.#known.set(container, { generation, version, entry })
    return entry
  }
}
