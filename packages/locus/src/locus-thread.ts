/**
 * The thread of a locus: what all its invocations share. One at a time is the current one; only that may touch memory.
 */
import {
  actorPorts,
  locusPort,
  type AnySignature,
  type ArgsOf,
  type Capref,
  type ContainerSlot,
  type LocusSlot,
  type Reply,
} from '@katydid/abi'
import {
  bellOf,
  Endpoint,
  TraceRing,
  type Clock,
  type Messenger,
  type Region,
} from '@katydid/actor'
import { Attachment, AttachmentSet, LocusTrap } from '@katydid/memory'
import type { HeldAnswer } from './durable-invoke.js'
import type { Tree } from './entrance.js'
import { KeyedWait } from './keyed-wait.js'
import { LocusError } from './locus-error.js'
import type { Recorder } from './logged/recorder.js'
import type { Visit } from './logged/visit.js'
import { Presence } from './presence.js'
import type { ProgramCache } from './program-cache.js'
import type { OverlayUse } from './transaction/overlay-use.js'
import { loadProgram, type Entry, type Program } from './program.js'

const awaitEndMs = 60_000
/** More than a machine has loci. */
const marksOfMachine = 2 ** 16

/** One invocation: where it runs, with what. */
export interface Frame {
  readonly container: ContainerSlot
  /** What it uses translations of: its container, and what supplies regions mapped into it. */
  readonly uses: AttachmentSet
  /** 0 the outermost. */
  readonly depth: number
  /** The nested invocation that it is part of; null for the outermost. */
  readonly tree: Tree | null
  /** A capability for the container, as the program may pass it on. */
  readonly capref: Capref
  readonly args: Uint8Array
  readonly resumed: boolean
  /** The invocation that has begun the transaction which this is; null: it is no transaction. */
  readonly within: Frame | null
  /** The visit of a logged container that it is, or is part of in that container; null: what it does is not logged. */
  readonly visit: Visit | null
}

export class LocusThread {
  readonly region: Region
  readonly slot: LocusSlot
  readonly messenger: Messenger
  readonly presence: Presence
  readonly waits: KeyedWait
  readonly trap: LocusTrap
  readonly trace: TraceRing
  readonly programs: ProgramCache
  /** Page tables that its transactions have run on, by number. */
  readonly overlays = new Map<number, OverlayUse>()
  /** Visits of logged containers that it is on, the outermost first. */
  readonly visits: Recorder[] = []
  /** The locus’s name in its world. */
  name = ''
  /** The answer that was saved with the locus for a durable invoke that is to come; null for none. */
  held: HeldAnswer | null = null
  /** It runs the program of a container that lives on another machine, on the pages of its guest here. */
  isLent = false
  #current: Frame | null = null
  #semaphoreWaits = 0

  constructor(region: Region, slot: LocusSlot, programs: ProgramCache, clock: Clock) {
    const port = locusPort(slot)
    const bell = bellOf(region, port)
    this.region = region
    this.slot = slot
    this.programs = programs
    this.trace = new TraceRing(region, port)
    this.messenger = new Endpoint({ region, port, clock, bell })
    this.trap = new LocusTrap(region, slot, bell)
    const passed = (): void => this.#cameBack()
    this.presence = new Presence({ region, locus: slot, bell, clock, trap: this.trap, passed })
    this.waits = new KeyedWait(region, slot)
  }

  /** The invocation that runs now; null before the first and while foreign code runs in `outside`. */
  get current(): Frame | null {
    return this.#current
  }

  /** An attachment of this locus to a container, not yet published. */
  attachmentTo(container: ContainerSlot): Attachment {
    return new Attachment(this.region, container, this.slot, this.trap)
  }

  /** One to a container that is reached from `host` by a mapping. */
  attachmentAcross(host: ContainerSlot, supplier: ContainerSlot): Attachment {
    const { presence } = this
    const hold = (done: () => boolean, mostMs: number): boolean => presence.quietUntil(done, mostMs)
    return new Attachment(this.region, supplier, this.slot, this.trap, { host, hold })
  }

  /** What an invocation of a container uses: the container, to begin with. */
  usesOf(container: ContainerSlot): AttachmentSet {
    return new AttachmentSet(this.attachmentTo(container))
  }

  /** Enters `frame`, leaving the one before, if any. State is running. Null: in no container. */
  move(frame: Frame | null): void {
    this.#current?.uses.detach()
    this.#current = frame
    this.trap.uses = frame?.uses ?? null
    if (frame === null) return
    const { words } = this.region
    words.store(this.region.locusWord(this.slot, 'container'), frame.container)
    words.store(this.region.locusWord(this.slot, 'depth'), frame.depth)
    words.store(this.region.containerWord(frame.container, 'ran'), 1)
    frame.uses.attach()
  }

  /**
   * Loads a program's module, as `loadProgram` does. A thread that is terminated inside Node's own loading of an ES module takes the
   * whole process down with it; so nobody terminates it meanwhile, and one that is to be terminated does not begin.
   */
  load(program: Program): Entry {
    const { words } = this.region
    const loading = this.region.locusWord(this.slot, 'loading')
    const ending = this.region.locusWord(this.slot, 'ending')
    // Stored before `ending` is looked at; who terminates stores that before it looks at this. So one of the two sees the other.
    words.store(loading, 1)
    if (words.load(ending) !== 0) {
      words.store(loading, 0)
      // The thread ends in here.
      for (;;) words.wait(ending, 1, awaitEndMs)
    }
    try {
      return loadProgram(program)
    } finally {
      words.store(loading, 0)
    }
  }

  /** A number for a wait at a semaphore: never 0. */
  nextSemaphoreWait(): number {
    this.#semaphoreWaits = (this.#semaphoreWaits % 0x7fffffff) + 1
    return this.#semaphoreWaits
  }

  /** Makes a call on the kernel, quiet meanwhile. */
  call<S extends AnySignature>(signature: S, args: ArgsOf<S>, deadlineMs?: number): Reply<S> {
    return this.presence.quietly(() =>
      this.messenger.callSync(actorPorts.kernel, signature, args, deadlineMs),
    )
  }

  /** `view_held` or `lock_held` when the locus holds something that it may not hold across what it is about to do. */
  requireFree(what: string): void {
    if (this.#count('pinned') !== 0)
      throw new LocusError(
        'view_held',
        `a view of a page is held by eachPage; ${what} must come after eachPage has returned`,
      )
    if (this.#count('locks') !== 0)
      throw new LocusError(
        'lock_held',
        `${this.#count('locks')} lock(s) of standard structures are held; release them before ${what}`,
      )
  }

  /** `not_supported` on the pages of a guest: whatever is more than its pages is at the container’s home. */
  requireHome(what: string): void {
    if (this.isLent)
      throw new LocusError(
        'not_supported',
        `the program runs on another machine than its container’s, on pages that are lent: ${what} is done at home only`,
      )
  }

  /** As a holder of locks: where pages are lent its machine is part of it, since a locus of their home may have the same slot. */
  get mark(): number {
    const { words } = this.region
    const machine = this.isLent ? words.load(this.region.machineWord('machineId')) : 0
    return machine * marksOfMachine + this.slot + 1
  }

  /** Whether a program has left a view or a lock behind. */
  get holdsSomething(): boolean {
    return this.#count('pinned') !== 0 || this.#count('locks') !== 0
  }

  /** From rest: there may have been a capture, which knows nothing of what runs from now on. */
  #cameBack(): void {
    const frame = this.#current
    if (frame === null) return
    this.region.words.store(this.region.containerWord(frame.container, 'ran'), 1)
  }

  #count(field: 'pinned' | 'locks'): number {
    return this.region.words.load(this.region.locusWord(this.slot, field))
  }
}
