/** The output of every container that has printed anything. */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { ContainerOutput, type SavedOutput } from './output.js'

/** How far a container's output was told, as the log has it. */
export interface ToldOutput extends Pick<
  SavedOutput,
  'slot' | 'generation' | 'container' | 'told' | 'recent'
> {
  /** The last line that the console was given, when that may have been told and nobody knows it; nil: all were told. */
  readonly given?: number
}

type Named = Pick<SavedOutput, 'slot' | 'generation' | 'container'>

const keyOf = ({ slot, generation }: { slot: number; generation: number }): string =>
  `${slot} ${generation}`

export class OutputTable {
  readonly #outputs = new Map<string, ContainerOutput>()
  /** Lines are with the console, or what it told is being noted. */
  isTelling = false
  /** Epochs are asked for, as lines wait. */
  isHurrying = false

  /** Batches told so far. */
  turns = 0

  all(): ContainerOutput[] {
    return [...this.#outputs.values()]
  }

  /** All, each time another first, so that none that prints much keeps the others waiting. */
  inTurn(): ContainerOutput[] {
    const all = this.all()
    const first = all.length === 0 ? 0 : this.turns % all.length
    return [...all.slice(first), ...all.slice(0, first)]
  }

  /** Of a container that has printed; null of any other. */
  find({ slot, generation }: Pick<Named, 'slot' | 'generation'>): ContainerOutput | null {
    return this.#outputs.get(keyOf({ slot, generation })) ?? null
  }

  of({ slot, generation, name: container }: Container): ContainerOutput {
    return this.#at({ slot, generation, container })
  }

  /** What its point keeps of the container's output; null when it has never printed. */
  saved(container: Container): SavedOutput | null {
    return this.find(container)?.save() ?? null
  }

  /** The log says that so much was told. Whether there is such a container is found later: until then it is taken for one that is gone. */
  learn(told: ToldOutput): void {
    const isNew = !this.#outputs.has(keyOf(told))
    const output = this.#at(told)
    if (isNew) output.isOver = true
    this.#raise(output, told)
  }

  #raise(output: ContainerOutput, { told, given = told, recent }: ToldOutput): void {
    invariant(
      recent.every(({ sequence }) => sequence <= told),
      'DV3: what is remembered as told was told',
      { told },
    )
    output.given = Math.max(output.given, given, told)
    if (told <= output.told) return
    output.told = told
    output.recent = [...recent]
  }

  /** The container is back at a point, or has ended with it. */
  goBack(saved: SavedOutput): ContainerOutput {
    invariant(saved.next > saved.told, 'DV2: only what was printed is told', { told: saved.told })
    const output = this.#at(saved)
    this.#raise(output, saved)
    output.goBack(saved)
    return output
  }

  forget(output: ContainerOutput): void {
    this.#outputs.delete(keyOf(output))
  }

  #at(named: Named): ContainerOutput {
    const key = keyOf(named)
    const known = this.#outputs.get(key)
    if (known !== undefined) return known
    const output = new ContainerOutput(named.slot, named.generation, named.container)
    this.#outputs.set(key, output)
    return output
  }
}
