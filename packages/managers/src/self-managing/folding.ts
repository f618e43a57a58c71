/**
 * Folds recoverable versions into the maps, and takes apart maps whose container is gone, in bounded slices, so that a
 * container_snapshot never waits long. A version is consulted until the last of it is folded; folding an entry twice changes
 * nothing, so a start in the middle of it goes on from the log.
 */
import { AccessError } from '@katydid/memory'
import { invariant } from '@katydid/actor'
import type { Context } from './context.js'
import type { Delta } from '../paging/delta.js'
import type { ManagedContainer } from './managed-container.js'
import { decay, type Grave } from './graves.js'
import type { PagePlace } from './place.js'

interface Progress {
  readonly version: Delta
  readonly entries: Iterator<readonly [number, PagePlace]>
  /** The entry that could not be folded yet. */
  ahead: IteratorResult<readonly [number, PagePlace]> | null
}

/** What folding asks of whoever keeps older versions. */
export interface Keeper {
  /** What the container's map shows is about to be replaced; false when that must wait. */
  beforeFold(container: ManagedContainer): boolean
  /** There is no room for maps; false when nobody can give way, `later` when somebody will. */
  giveWay(): boolean | 'later'
  /** Own frames that must be free of pins for a map to be walked, grown and copied. */
  readonly spareFrames: number
}

/** Pages of maps copied in one slice at the most. */
const mostCopies = 4

export class Folding {
  readonly #context: Context
  readonly #underWay = new Map<ManagedContainer, Progress>()
  /** Maps without a container, and snapshots that were retained of it. */
  readonly graveyard: Grave[] = []
  keeper: Keeper = { beforeFold: () => true, giveWay: () => false, spareFrames: 2 }
  /** Set while the root page is being made durable: maps and usage stand still. */
  suspended = false
  /** Versions folded since somebody set it to 0. */
  foldsSince = 0
  /** Versions folded, maps and retained snapshots taken apart, ever: what was needed before may not be now. */
  progress = 0
  #failure: string | null = null

  constructor(context: Context) {
    this.#context = context
  }

  get isPending(): boolean {
    if (this.suspended || this.#failure !== null) return false
    return this.graveyard.length > 0 || this.#next() !== null
  }

  /** Whatever kept it from folding may be over. */
  retry(): void {
    this.#failure = null
  }

  /** The container is gone or has gone back: forget how far its version was folded. */
  forget(container: ManagedContainer): void {
    this.#underWay.delete(container)
  }

  /** Whether the container's map is between two versions. */
  isFolding(container: ManagedContainer): boolean {
    return this.#underWay.has(container)
  }

  /** The container is gone, or the empty one again: its map and what was retained of it are needed by nobody. */
  bury(container: ManagedContainer): void {
    const { map, history } = container
    invariant(!this.#underWay.has(container), 'MG17: what is buried is not folded over', {
      token: container.token,
    })
    if (map.height > 0 || history !== null)
      this.graveyard.push({ map: { page: map.page, height: map.height }, history })
    map.page = 0
    map.height = 0
    container.history = null
  }

  /**
   * One slice of whatever is to be done; answers whether it did something. A page of our own that cannot be read or written is
   * reported once, and folding stops.
   */
  settle(): boolean {
    if (!this.isPending || !this.#context.ownFrames.ensure(this.keeper.spareFrames)) return false
    try {
      const container = this.#next()
      if (container !== null) return this.#foldSlice(container)
      this.#dismantleSlice()
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      const room = error.status === 'no_resource' && this.#roomIsMade()
      if (room === true) return true
      this.#failure = error.message
      if (room === 'later') return true
      const detail = `the manager’s maps cannot be brought up to date: ${error.message}`
      this.#context.report({
        kind: 'trouble',
        port: this.#context.port,
        status: error.status,
        detail,
      })
    }
    return true
  }

  /** Retained snapshots give way to the present. */
  #roomIsMade(): boolean | 'later' {
    try {
      return this.keeper.giveWay()
    } catch (error) {
      if (error instanceof AccessError) return false
      throw error
    }
  }

  #next(): ManagedContainer | null {
    for (const container of this.#context.containers.values()) {
      const oldest = container.versions[0]
      if (oldest === undefined || oldest.commit !== 'durable') continue
      // One that is superseding is not recoverable yet, and stands for those before it all the same.
      if (oldest.recoverable || oldest.interval! <= container.superseding) return container
    }
    return null
  }

  /** False when the version has to wait for room in the container's history. */
  #foldSlice(container: ManagedContainer): boolean {
    invariant(!this.suspended, 'MG12: maps stand still while the root page is made durable', {})
    const version = container.versions[0]!
    let progress = this.#underWay.get(container)
    if (progress === undefined || progress.version !== version) {
      if (!this.keeper.beforeFold(container)) return false
      progress = { version, entries: byPage(version), ahead: null }
      this.#underWay.set(container, progress)
    }
    const { maps } = this.#context.store
    const copies = maps.copies + mostCopies
    for (let i = 0; i < this.#context.options.foldSlice && maps.copies < copies; i++) {
      const next = progress.ahead ?? progress.entries.next()
      if (next.done === true) {
        this.#finish(container, version)
        return true
      }
      const [page, place] = next.value
      // Kept until it is done: a map that has no room now is tried again.
      progress.ahead = next
      maps.set(container.map, page, place)
      progress.ahead = null
    }
    return true
  }

  #finish(container: ManagedContainer, version: Delta): void {
    invariant(
      version.interval !== null && version.interval > container.folded,
      'SI4: the map moves forward',
      {
        interval: version.interval,
        folded: container.folded,
      },
    )
    for (const place of version.places.values()) this.#context.store.usage.drop(place.block)
    container.versions.shift()
    container.folded = version.interval
    this.#context.trace.event('fold', container.token, version.interval)
    container.takenMs = version.takenMs
    if (container.history !== null) container.history.takenMs = version.takenMs
    this.#underWay.delete(container)
    this.foldsSince++
    this.progress++
  }

  #dismantleSlice(): void {
    const grave = this.graveyard[0]
    invariant(grave !== undefined, 'MG17: a map is taken apart while there is one', {})
    const { dismantling, allocator } = this.#context.store
    if (decay(grave, dismantling, allocator)) return
    this.graveyard.shift()
    this.progress++
  }
}

/** In the order of their pages: each page of the map is brought in once, however few frames of our own there are. */
function* byPage({ places }: Delta): Generator<readonly [number, PagePlace]> {
  const pages = Float64Array.from(places.keys()).sort()
  for (const page of pages) {
    const place = places.get(page)
    invariant(place !== undefined, 'SI4: a version does not change while it is folded', { page })
    yield [page, place]
  }
}
