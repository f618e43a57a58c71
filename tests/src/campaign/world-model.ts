/**
 * What a world should hold, kept beside it by whoever changes it: the words of each container, who lives in it, what each
 * locus has in its registers. A plain value without threads, pages or captures; a capture of it is a copy.
 */

/** A container as its users know it. */
export interface ModelContainer {
  readonly name: string
  readonly size: number
  adopted: boolean
  /** Its manager keeps nothing over a recovery: it is empty then. */
  isVolatile: boolean
  hasProgram: boolean
  /** Byte offset of a word → its value; a word that was never written is 0. */
  readonly words: Map<number, number>
}

export interface ModelLocus {
  readonly name: string
  readonly container: string
  readonly registers: bigint[]
  /** What it ended with: a status; null while it runs. */
  end: string | null
}

export class WorldModel {
  readonly containers = new Map<string, ModelContainer>()
  readonly loci = new Map<string, ModelLocus>()
  /** Counts of semaphores, by the host's capability for them. */
  readonly semaphores = new Map<number, number>()

  /** The word at a byte offset. */
  word(container: string, offset: number): number {
    return this.containers.get(container)?.words.get(offset) ?? 0
  }

  /** A copy that later changes do not reach. */
  copy(): WorldModel {
    const copy = new WorldModel()
    for (const each of this.containers.values())
      copy.containers.set(each.name, { ...each, words: new Map(each.words) })
    for (const each of this.loci.values())
      copy.loci.set(each.name, { ...each, registers: [...each.registers] })
    for (const [cap, count] of this.semaphores) copy.semaphores.set(cap, count)
    return copy
  }

  addContainer(name: string, size: number): void {
    this.containers.set(name, {
      name,
      size,
      adopted: false,
      isVolatile: false,
      hasProgram: false,
      words: new Map(),
    })
  }

  addLocus(name: string, container: string): ModelLocus {
    const locus = {
      name,
      container,
      registers: Array.from({ length: 32 }, () => 0n),
      end: null,
    }
    this.loci.set(name, locus)
    return locus
  }

  /** What recovery makes of it: containers of managers that promise nothing are empty. */
  emptyVolatile(): void {
    for (const each of this.containers.values()) if (each.isVolatile) each.words.clear()
  }

  /** Whether a locus that has not ended is in the container. */
  isInUse(container: string): boolean {
    return [...this.loci.values()].some((each) => each.container === container && each.end === null)
  }
}
