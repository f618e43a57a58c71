/**
 * Keeps a fast world from filling its disk within one interval: when headroom is short it asks for a snapshot of the world, has it
 * folded and the segments freed that this makes unneeded, and meanwhile holds those who write.
 *
 * It never stops anybody: each held fault is served after a second at the most, and almost at once while a gate is shut, since a locus
 * that waits for a page cannot come to rest, and without rest there is no snapshot.
 */
import {
  actorPorts,
  asContainer,
  containerGates,
  containerStates,
  managerDowncalls,
  type ContainerSlot,
  type Token,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Brake, Faults } from '../paging/faults.js'
import type { Context } from './context.js'
import type { Folding } from './folding.js'
import { headroom, holdMs, longestHoldMs, softLimit } from './headroom.js'
import type { ManagedContainer } from './managed-container.js'
import type { OwnSnapshot } from './own-snapshot.js'
import type { Space } from './space.js'

/** How often it looks again while room is short: a shut gate rings no bell here. */
export const shortLookMs = 5
/** How often it looks when it has nothing to do: others may fill a disk of which we hold the log. */
const idleLookMs = 2_000
/** A snapshot that is not folded after so long is not waited for: the next may have more luck. */
const patienceMs = 3_000
/**
 * The longest hold while a gate is shut. A hundred pages can be written while a capture waits (2 s); with no hold at all, loci that do not come
 * to rest in that time fill the disk.
 */
const longestAtGateMs = 16
/** A world is not stopped for fewer changed pages than this share of the soft limit. */
const worthShare = 8
/** After something that won nothing it rests, twice as long each time. */
const shortestRestMs = 50
const longestRestMs = 8_000

/** What is being done: nothing, a snapshot asked for, one being written and folded, ourselves being snapshotted. */
type Phase = 'idle' | 'asking' | 'folding' | 'freeing'

export class RoomKeeper implements Brake {
  delayMs = 0
  readonly #context: Context
  readonly #folding: Folding
  readonly #ownSnapshot: OwnSnapshot
  readonly #space: Space
  readonly #faults: Faults
  readonly #soft: number
  #phase: Phase = 'idle'
  /** When the phase began. */
  #sinceMs = 0
  /** `folding.progress` then: when it stays the same nothing was let go of. */
  #progressBefore = 0
  #restMs = shortestRestMs
  #restsUntilMs = 0
  #looksAtMs = 0
  #looksIdleAtMs: number | null = null
  /** Where the log ended when we had last snapshotted ourselves for want of anything to do: nothing more is won before it has grown. */
  #idleEnd = 0
  /** Tries to win room that have come to an end, or that there was no reason to begin. */
  #tries = 0
  /** Bytes the log had grown by when room was last won; nil: not in this life. What an earlier one left may be worth a snapshot. */
  #wonAt: number | null = null
  /** Containers that may not be snapshotted with the capability we have. */
  readonly #barred = new Set<Token>()

  /** From now on it is the brake of these faults. */
  constructor(
    context: Context,
    folding: Folding,
    ownSnapshot: OwnSnapshot,
    space: Space,
    faults: Faults,
  ) {
    this.#context = context
    this.#folding = folding
    this.#ownSnapshot = ownSnapshot
    this.#space = space
    this.#faults = faults
    faults.brake = this
    this.#soft = softLimit(space.blocks)
  }

  /** Whether it wants another turn though no bell may ring. */
  get isPending(): boolean {
    return this.#faults.held > 0 || this.#phase !== 'idle'
  }

  /** Rises when a try to win room has come to its end; endless when they have won nothing for long. */
  get tries(): number {
    return this.#isHopeless ? Infinity : this.#tries
  }

  /** Looks how much room there is, and goes on with whatever is being done about it. */
  settle(): void {
    const { clock } = this.#context
    const now = clock.nowMs()
    const left = this.#left()
    const isShort = left < this.#soft
    // Others write to the disk too: while somebody waits for room it is asked, whether our log grows or not.
    if (this.isPending && now >= this.#looksAtMs) {
      this.#looksAtMs = now + shortLookMs
      this.#space.lookNow(() => {})
    }
    const longest = this.#isGateShut() ? longestAtGateMs : longestHoldMs
    this.delayMs = this.#isHopeless ? 0 : Math.min(longest, holdMs(left, this.#soft))
    if (this.#phase === 'folding') this.#goOn(now)
    const isWanted = isShort || this.#context.writer.waitsForRoom
    if (this.#phase === 'idle' && isWanted && now >= this.#restsUntilMs) this.#begin(now)
  }

  /**
   * Nothing is to be done. What we wrote last keeps the log from there on, whoever goes on writing it, so now and then we look whether segments are short, and
   * snapshot ourselves then. Answers in how many milliseconds to look again.
   */
  lookIdle(): number {
    const { clock, writer } = this.#context
    if (writer.pagesSent === 0) return Infinity
    const now = clock.nowMs()
    this.#looksIdleAtMs ??= now + idleLookMs
    if (now < this.#looksIdleAtMs) return this.#looksIdleAtMs - now
    this.#looksIdleAtMs = now + idleLookMs
    this.#space.lookNow(() => {
      if (this.#space.free >= this.#space.low || writer.next === this.#idleEnd) return
      this.#ownSnapshot.request(() =>
        this.#space.lookNow(() => {
          this.#idleEnd = writer.next
        }),
      )
    })
    return idleLookMs
  }

  #left(): number {
    const { containers, store } = this.#context
    let unwritten = 0
    for (const { open, versions } of containers.values()) {
      unwritten += open.dirty.size + open.writing
      for (const version of versions) unwritten += version.dirty.size + version.writing
    }
    const left = headroom({ free: this.#space.room, unwritten, own: store.allocator.allocated })
    invariant(left <= this.#space.blocks, 'MG80: no disk has more room than blocks', { left })
    return left
  }

  /** Room could not be won for long: holding anybody any longer would only make the end slow. */
  get #isHopeless(): boolean {
    return this.#restMs === longestRestMs
  }

  /**
   * Whether loci are to come to rest: all of them, or those of any container, ours or not. Who waits here may be rooted there, and what it
   * keeps from being cut keeps the log that we want to be rid of.
   */
  #isGateShut(): boolean {
    const { region } = this.#context
    const word = (slot: ContainerSlot, field: 'gate' | 'state'): number =>
      region.words.load(region.containerWord(slot, field))
    if (region.words.load(region.machineWord('gate')) !== 0) return true
    for (let nth = 0; nth < region.plan.shape.maxContainers; nth++) {
      const slot = asContainer(nth)
      const isShut = word(slot, 'gate') !== containerGates.open
      if (isShut && word(slot, 'state') === containerStates.live) return true
    }
    return false
  }

  #begin(now: number): void {
    this.#sinceMs = now
    this.#progressBefore = this.#folding.progress
    if (this.#isUnfolded()) {
      this.#phase = 'folding'
      return
    }
    const container = this.#worthwhile()
    if (container === null) {
      this.#tries++
      return
    }
    this.#phase = 'asking'
    const { messenger, counters } = this.#context
    counters.add('snapshotsForRoom')
    const args = { cont: container.capability! }
    messenger.call(actorPorts.kernel, managerDowncalls.snapshotRequest, args, (reply) => {
      this.#sinceMs = this.#context.clock.nowMs()
      if (reply.status === 'ok') {
        this.#phase = 'folding'
        return
      }
      if (reply.status === 'right_missing') this.#barred.add(container.token)
      this.#rest()
    })
  }

  /** A container whose snapshot would let go of something: enough was written since the last. */
  #worthwhile(): ManagedContainer | null {
    const { writer, containers, pageBytes } = this.#context
    const isHere = ({ lcd, capability, token }: ManagedContainer): boolean =>
      lcd !== null && capability !== null && !this.#barred.has(token)
    const found = [...containers.values()].find(isHere) ?? null
    if (this.#wonAt === null) return found
    let changed = (writer.bytesEver - this.#wonAt) / pageBytes
    for (const { open } of containers.values()) changed += open.dirty.size
    return changed >= this.#soft / worthShare ? found : null
  }

  #isUnfolded(): boolean {
    for (const { versions } of this.#context.containers.values())
      if (versions.length > 0) return true
    return this.#folding.isPending
  }

  /** When everything is folded our own snapshot gives up what the older maps needed. */
  #goOn(now: number): void {
    if (now - this.#sinceMs > patienceMs) return this.#rest()
    if (this.#isUnfolded() || this.#ownSnapshot.isBusy) return
    this.#phase = 'freeing'
    this.#ownSnapshot.request(() =>
      this.#space.lookNow(() => {
        this.#wonAt = this.#context.writer.bytesEver
        if (this.#folding.progress === this.#progressBefore) return this.#rest()
        this.#tries++
        this.#phase = 'idle'
        this.#restMs = shortestRestMs
      }),
    )
  }

  /** Nothing was won: each try costs the disk a record, so they become rare. */
  #rest(): void {
    this.#tries++
    this.#phase = 'idle'
    this.#restsUntilMs = this.#context.clock.nowMs() + this.#restMs
    invariant(this.#restMs <= longestRestMs, 'MG81: room is looked for again', {
      restMs: this.#restMs,
    })
    this.#restMs = Math.min(longestRestMs, this.#restMs * 2)
  }
}
