/**
 * Which snapshots of a container stay: before a newer version is folded into its map, the map as it is gets a second name in
 * the container's history; of more than were asked for the oldest leave, and are taken apart a few pages at a time.
 *
 * What changes maps waits until they may change: not while the root page is made durable. Nothing here waits itself.
 */
import { actorPorts, managerDowncalls, type Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { AccessError } from '@katydid/memory'
import type { Context } from './context.js'
import type { Folding, Keeper } from './folding.js'
import { History, type Retained } from './history.js'
import { isAboveLine, isKept } from './kept.js'
import type { ManagedContainer } from './managed-container.js'
import type { OwnSnapshot } from './own-snapshot.js'

/** Own frames that must be free of pins for maps to be walked; and when pages are copied, whose tables pin more of them. */
const spareFrames = { alone: 2, sharing: 6 }
/** With a larger share of the disk’s blocks needed, retained snapshots give way: the rest is what the log moves about in. */
const crowded = 1 / 3
/** Steps of taking apart in one turn. */
const steps = 4

/** Something that changes maps, and can be done only when they may change. */
export interface Deed {
  /** Does it; false when it has to wait for something else. May throw `AccessError`. */
  attempt(): boolean
  /** It cannot be done. */
  fail(status: Status, detail: string): void
  /** Not later than this. */
  readonly untilMs: number
}

export class Retention implements Keeper {
  readonly #context: Context
  readonly #ownSnapshot: OwnSnapshot
  readonly #folding: Folding
  /** Containers of which snapshots leave. */
  readonly #leaving = new Set<ManagedContainer>()
  /** Containers of which the kernel has said anew what belongs to kept lines. */
  readonly #told = new Set<ManagedContainer>()
  /** Whether the kernel was asked to give up a kept line, or has none to give up. */
  #asked: 'no' | 'asked' | 'refused' = 'no'
  #deeds: Deed[] = []
  readonly #diskBlocks: number
  #failure: string | null = null

  constructor(context: Context, ownSnapshot: OwnSnapshot, folding: Folding, diskBlocks: number) {
    this.#context = context
    this.#ownSnapshot = ownSnapshot
    this.#folding = folding
    this.#diskBlocks = diskBlocks
    for (const container of context.containers.values()) this.#leaving.add(container)
  }

  /** Whether it wants another turn though no bell may ring. */
  get isPending(): boolean {
    const isWork = this.#leaving.size + this.#told.size > 0
    return (isWork && this.#failure === null) || this.#deeds.length > 0
  }

  get spareFrames(): number {
    const { options, store } = this.#context
    const isSharing =
      options.retain > 0 || store.refs.total > 0 || this.#deeds.length > 0 || this.#keepsSome
    return isSharing ? spareFrames.sharing : spareFrames.alone
  }

  get #keepsSome(): boolean {
    for (const { kept } of this.#context.containers.values())
      if (kept !== null && kept.size > 0) return true
    return false
  }

  /** Whatever kept it from going on may be over. */
  retry(): void {
    this.#failure = null
  }

  /** Does `deed` as soon as maps may change. */
  when(deed: Deed): void {
    this.#deeds.push(deed)
  }

  /** How many snapshots of the container stay besides the line's own. */
  wanted(container: ManagedContainer): number {
    if (!container.writable) return 0
    const asked = container.retainAsked
    const said = asked === undefined ? container.history?.retain : asked
    return said ?? this.#context.options.retain
  }

  /**
   * A newer version is about to be folded over the container's map: what the map shows is retained, if that is wanted. False
   * when it has to wait for a slot. Doing it twice is doing it once.
   */
  beforeFold(container: ManagedContainer): boolean {
    const count = this.wanted(container)
    const { folded, map } = container
    const kept = folded > 0 && isKept(container, folded)
    // What belongs to a kept line stays, however little room there is: then the line is given up, in a while.
    if (kept && this.#isCrowded) this.giveWay()
    const isWanted =
      count > 0 &&
      folded > 0 &&
      !isAboveLine(container, folded) &&
      !container.dropped.has(folded) &&
      (!this.#isCrowded || this.giveWay() === true)
    if (kept || isWanted) {
      const history = this.historyOf(container)
      if (!history.entries.some(({ interval }) => interval === folded)) {
        if (!history.hasRoom) return false
        history.add(folded, container.takenMs, this.#context.store.maps.share(map), kept)
      }
    }
    this.trim(container)
    return true
  }

  /** Room is short, and nothing is being given up that would win any. */
  get isTight(): boolean {
    return this.#isCrowded && this.#leaving.size + this.#told.size === 0
  }

  get #isCrowded(): boolean {
    return this.#context.store.usage.needed > this.#diskBlocks * crowded
  }

  /** The container's history, made when there is none yet. */
  historyOf(container: ManagedContainer): History {
    const { store, pageBytes } = this.#context
    invariant(
      !this.#folding.suspended,
      'MG12: maps stand still while the root page is made durable',
      {
        token: container.token,
      },
    )
    container.history ??= History.make(store.window, pageBytes, store.allocator)
    return container.history
  }

  /** Of more snapshots than are wanted, the oldest leave, but for those of kept lines. */
  trim(container: ManagedContainer): void {
    const retained = container.history?.retained ?? []
    const excess = retained.length - this.wanted(container)
    invariant(excess <= retained.length, 'MG101: no fewer than none are wanted', { excess })
    for (const entry of retained.slice(0, Math.max(0, excess)))
      if (!isKept(container, entry.interval)) this.drop(container, entry)
  }

  /** The kernel has said which snapshots belong to kept lines: it is written down as soon as maps may change. */
  noteKept(): void {
    this.#asked = 'no'
    for (const container of this.#context.containers.values()) this.#told.add(container)
    this.retry()
  }

  /** A retained snapshot never happened: the container went back to before it. */
  letGo(container: ManagedContainer, entry: Retained): void {
    container.history?.leave(entry)
    this.#leaving.add(container)
  }

  /** A retained snapshot leaves. */
  drop(container: ManagedContainer, entry: Retained): void {
    invariant(container.history !== null, 'MG101: what is retained stands in a history', {
      token: container.token,
    })
    invariant(!isKept(container, entry.interval), 'MG90: what belongs to a kept line stays', {
      interval: entry.interval,
    })
    this.letGo(container, entry)
  }

  /**
   * There is no room, on the disk or for maps: the oldest retained snapshot of all leaves; where all belong to kept lines, the
   * kernel is asked to give one up, and it is `later`. False when there is none, and none is leaving.
   */
  giveWay(): boolean | 'later' {
    if (this.#failure !== null) return false
    if (this.#leaving.size > 0) return true
    let oldest: { container: ManagedContainer; entry: Retained } | null = null
    for (const container of this.#context.containers.values())
      for (const entry of container.history?.retained ?? [])
        if (!isKept(container, entry.interval))
          if (oldest === null || entry.interval < oldest.entry.interval)
            oldest = { container, entry }
    if (oldest === null) return this.#askRelease() ? 'later' : false
    const { container, entry } = oldest
    this.drop(container, entry)
    const detail = `snapshot ${entry.interval} of container ${container.token} is retained no longer: there is no room`
    this.#context.report({ kind: 'log', port: this.#context.port, text: detail })
    return true
  }

  /** The table of containers is nearly full, and some are there for kept lines only: one is given up. */
  makePlace(): void {
    for (const { lcd, kept } of this.#context.containers.values())
      if (lcd === null && (kept?.size ?? 0) > 0) {
        this.#askRelease()
        return
      }
  }

  /** Asks the kernel to give up the oldest kept line; false when none could win anything. */
  #askRelease(): boolean {
    const holds = [...this.#context.containers.values()].some(
      (each) =>
        (each.lcd === null && (each.kept?.size ?? 0) > 0) ||
        (each.history?.retained ?? []).some(({ interval }) => isKept(each, interval)),
    )
    if (!holds || this.#asked === 'refused') return false
    if (this.#asked === 'asked') return true
    this.#asked = 'asked'
    const { messenger } = this.#context
    messenger.call(actorPorts.kernel, managerDowncalls.lineRelease, {}, (reply) => {
      if (reply.status === 'ok' || this.#asked !== 'asked') return
      this.#asked = reply.status === 'no_resource' ? 'refused' : 'no'
    })
    return true
  }

  /** What the kernel has said of kept lines comes into the histories, and what is held no longer leaves. */
  #noteTold(): void {
    for (const container of this.#told) {
      for (const entry of container.history?.retained ?? [])
        container.history!.keep(entry, isKept(container, entry.interval))
      this.trim(container)
      this.#told.delete(container)
    }
  }

  /** One slice of whatever is to be done; answers whether there is more that can be done at once: what waits for something else is looked at later. */
  settle(): boolean {
    if (!this.isPending || this.#folding.suspended || this.#ownSnapshot.isBusy) return false
    if (!this.#context.ownFrames.ensure(this.spareFrames)) return false
    const done = this.#doDeeds()
    if (this.#failure !== null || this.#ownSnapshot.isBusy) return done
    const isLeaving = this.#leaving.size + this.#told.size > 0
    try {
      this.#noteTold()
      this.#noteAsked()
      for (let i = 0; i < steps && this.#leaving.size > 0; i++) this.#takeApart()
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      this.#failure = error.message
      const detail = `retained snapshots cannot be given up: ${error.message}`
      this.#context.report({ kind: 'failed', status: error.status, detail })
    }
    return done || isLeaving
  }

  /** Answers whether any came to its end. */
  #doDeeds(): boolean {
    const now = this.#context.clock.nowMs()
    const before = this.#deeds.length
    this.#deeds = this.#deeds.filter((deed) => {
      // One that asked for a snapshot of ourselves ends the round: maps must stand still for it.
      if (this.#ownSnapshot.isBusy) return true
      try {
        if (deed.attempt()) return false
      } catch (error) {
        if (!(error instanceof AccessError)) throw error
        deed.fail(error.status, error.message)
        return false
      }
      if (now < deed.untilMs) return true
      deed.fail('busy', 'the snapshot was not folded into the maps in time')
      return false
    })
    return this.#deeds.length < before
  }

  /** What the log said of how many are retained, and of which are not any more, comes into the histories. */
  #noteAsked(): void {
    for (const container of this.#leaving) {
      const { history, retainAsked } = container
      if (retainAsked !== undefined) {
        this.historyOf(container).retain = retainAsked
        container.retainAsked = undefined
      }
      for (const entry of history?.retained ?? [])
        if (container.dropped.has(entry.interval) && !isKept(container, entry.interval))
          this.drop(container, entry)
    }
  }

  #takeApart(): void {
    const [container] = this.#leaving
    if (container === undefined) return
    const entry = container.history?.entries.find(({ leaving }) => leaving)
    const isGone = this.#context.containers.get(container.token) !== container
    if (entry === undefined || isGone) {
      this.#leaving.delete(container)
      return
    }
    const history = container.history!
    invariant(entry.leaving, 'MG101: only what leaves is taken apart', { interval: entry.interval })
    this.#context.store.dismantling.step(entry.map, () => {
      history.forget(entry)
      this.#folding.progress++
      if (this.#isCrowded) this.giveWay()
    })
  }
}
