/**
 * What a world should hold, kept beside it by whoever changes it: the words of each container, who lives in it, what each
 * locus has in its registers. A plain value without threads, pages or captures; of a unit that is captured a picture is kept.
 */

import type { ModelMapping } from './mapping-model.js'

/** A container as its users know it. */
export interface ModelContainer {
  /** The same of a container and all pictures of it, and of no other. */
  readonly identity: object
  readonly name: string
  readonly size: number
  adopted: boolean
  /** Its manager keeps nothing over a recovery: it is empty then. */
  isVolatile: boolean
  hasProgram: boolean
  /** Byte offset of a word → its value; a word that was never written is 0. */
  readonly words: Map<number, number>
  /** What is mapped into it; the list is never changed, but replaced. */
  mappings: readonly ModelMapping[]
  /** Rights derived to it and not taken back; the list is replaced, too. */
  grants: readonly object[]
  /** It shows an opened snapshot: nothing can be stored, and it goes with the process of the host that opened it. */
  isOpened: boolean
  /** It was opened by a process that is gone, so it goes as soon as nobody is in it. */
  isLeftOpen: boolean
}

export interface ModelLocus {
  readonly name: string
  readonly container: string
  readonly registers: bigint[]
  /** What it ended with: a status; null while it runs. */
  end: string | null
}

export interface ModelSemaphore {
  readonly id: number
  readonly count: number
}

/** A container and its loci at one moment. */
export interface UnitPicture {
  readonly container: ModelContainer | null
  readonly loci: readonly ModelLocus[]
}

const copyOf = (each: ModelContainer): ModelContainer => ({ ...each, words: new Map(each.words) })
const copyOfLocus = (each: ModelLocus): ModelLocus => ({
  ...each,
  registers: [...each.registers],
})

export class WorldModel {
  readonly containers = new Map<string, ModelContainer>()
  readonly loci = new Map<string, ModelLocus>()
  /** Semaphores by the host's capability for them: the kernel's number, and the count. */
  readonly semaphores = new Map<number, ModelSemaphore>()

  /** The word at a byte offset. */
  word(container: string, offset: number): number {
    return this.containers.get(container)?.words.get(offset) ?? 0
  }

  /** The container of that identity, if it is there. */
  identified(identity: object): ModelContainer | null {
    for (const each of this.containers.values()) if (each.identity === identity) return each
    return null
  }

  /** The container with the loci rooted in it, as they are now; later changes do not reach it. */
  picture(name: string): UnitPicture {
    const container = this.containers.get(name)
    return {
      container: container === undefined ? null : copyOf(container),
      loci: [...this.loci.values()].filter((each) => each.container === name).map(copyOfLocus),
    }
  }

  /** Puts what a picture shows into its place. */
  place({ container, loci }: UnitPicture): void {
    if (container !== null) this.containers.set(container.name, copyOf(container))
    for (const each of loci) this.loci.set(each.name, copyOfLocus(each))
  }

  addContainer(name: string, size: number): void {
    this.containers.set(name, {
      identity: {},
      name,
      size,
      adopted: false,
      isVolatile: false,
      hasProgram: false,
      words: new Map(),
      mappings: [],
      grants: [],
      isOpened: false,
      isLeftOpen: false,
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

  /** Of snapshots that are open, those that this process has not opened. */
  noteLeftOpen(openedHere: ReadonlySet<object>): void {
    for (const each of this.containers.values())
      each.isLeftOpen = each.isOpened && !openedHere.has(each.identity)
  }

  /** Whether a locus that has not ended is in the container. */
  isInUse(container: string): boolean {
    return [...this.loci.values()].some((each) => each.container === container && each.end === null)
  }
}
