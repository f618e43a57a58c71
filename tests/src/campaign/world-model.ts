/**
 * What a world should hold, kept beside it by whoever changes it: the words of each container, who lives in it, what each
 * locus has in its registers. A plain value without threads, pages or captures; of a unit that is captured a picture is kept.
 */

import type { ModelMapping } from './mapping-model.js'

/** Letters of a container to and from containers of other machines, by ids that nothing in the world gives; replaced, never changed. */
export interface ModelLetters {
  readonly sent: ReadonlySet<number>
  readonly taken: ReadonlySet<number>
  /** Received, and not taken. */
  readonly waiting: readonly number[]
}

const noLetters: ModelLetters = { sent: new Set(), taken: new Set(), waiting: [] }

/** A container as its users know it. */
export interface ModelContainer {
  /** The same of a container and all pictures of it, and of no other. */
  readonly identity: object
  readonly name: string
  readonly size: number
  adopted: boolean
  /** Its manager keeps nothing over a recovery: it is empty then. */
  isVolatile: boolean
  /** Its manager lets nobody store but in transactions. */
  isSealed: boolean
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
  /** How many stores were made in it, or by its loci into others. */
  happened: number
  /** Number of the store that each word holds. */
  readonly stores: Map<number, number>
  /** What it knows of others through mappings: by identity, the highest number of theirs. */
  readonly knows: Map<object, number>
  letters: ModelLetters
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

const copyOf = (each: ModelContainer): ModelContainer => ({
  ...each,
  words: new Map(each.words),
  stores: new Map(each.stores),
  knows: new Map(each.knows),
})
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
      isSealed: false,
      hasProgram: false,
      words: new Map(),
      mappings: [],
      grants: [],
      isOpened: false,
      isLeftOpen: false,
      happened: 0,
      stores: new Map(),
      knows: new Map(),
      letters: noLetters,
    })
  }

  /**
   * A store by a locus of the container `by`. Through a mapping it is a message with an answer: who has received it knows of who made it, and who made it
   * knows that it was received.
   */
  wrote(by: string, to: ModelContainer, offset: number, value: number): void {
    const from = this.containers.get(by)
    if (from !== undefined && from !== to) to.knows.set(from.identity, ++from.happened)
    to.words.set(offset, value)
    to.stores.set(offset, ++to.happened)
    this.read(by, to, offset)
  }

  /** A load: who made it knows of the store that the word holds. */
  read(by: string, of: ModelContainer, offset: number): void {
    const reader = this.containers.get(by)
    if (reader === undefined || reader === of) return
    const known = reader.knows.get(of.identity) ?? 0
    reader.knows.set(of.identity, Math.max(known, of.stores.get(offset) ?? 0))
  }

  /** A message from one container to another, as invocations and their returns are. */
  message(by: string, to: string): void {
    const [from, receiver] = [this.containers.get(by), this.containers.get(to)]
    if (from === undefined || receiver === undefined || from === receiver) return
    receiver.knows.set(from.identity, ++from.happened)
  }

  /** Who knows of another what has not happened there: of a store that was never made, or that got lost. */
  orphans(): string[] {
    return [...this.containers.values()].flatMap(({ name, knows }) =>
      [...knows].flatMap(([identity, number]) => {
        const of = this.identified(identity)
        return of === null || of.happened >= number
          ? []
          : [`${name} knows ${number} of ${of.name}, where ${of.happened} happened`]
      }),
    )
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
