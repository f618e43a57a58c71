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
import type { MapRoot, PagePlace } from './place.js'

interface Progress {
  readonly version: Delta
  readonly entries: Iterator<readonly [number, PagePlace]>
}

/** Own frames that must be free of pins for a map to be walked and grown. */
const spareFrames = 2

export class Folding {
  readonly #context: Context
  readonly #underWay = new Map<ManagedContainer, Progress>()
  /** Maps without a container. */
  readonly graveyard: MapRoot[] = []
  /** Set while the root page is being made durable: maps and usage stand still. */
  suspended = false
  /** Versions folded since somebody set it to 0. */
  foldsSince = 0
  /** Versions folded and maps taken apart, ever: what was needed before may not be now. */
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

  /** The map's container is gone. */
  bury(map: MapRoot): void {
    if (map.height > 0) this.graveyard.push({ page: map.page, height: map.height })
    map.page = 0
    map.height = 0
  }

  /**
   * One slice of whatever is to be done; answers whether it did something. A page of our own that cannot be read or written is
   * reported once, and folding stops.
   */
  settle(): boolean {
    if (!this.isPending || !this.#context.ownFrames.ensure(spareFrames)) return false
    try {
      const container = this.#next()
      if (container !== null) this.#foldSlice(container)
      else this.#dismantleSlice()
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      this.#failure = error.message
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

  #next(): ManagedContainer | null {
    for (const container of this.#context.containers.values()) {
      const oldest = container.versions[0]
      if (oldest !== undefined && oldest.recoverable && oldest.commit === 'durable')
        return container
    }
    return null
  }

  #foldSlice(container: ManagedContainer): void {
    invariant(!this.suspended, 'MG12: maps stand still while the root page is made durable', {})
    const version = container.versions[0]!
    let progress = this.#underWay.get(container)
    if (progress === undefined || progress.version !== version) {
      progress = { version, entries: byPage(version) }
      this.#underWay.set(container, progress)
    }
    const { usage, maps } = this.#context.store
    for (let i = 0; i < this.#context.options.foldSlice; i++) {
      const next = progress.entries.next()
      if (next.done === true) {
        this.#finish(container, version)
        return
      }
      const [page, place] = next.value
      const before = maps.set(container.map, page, place)
      if (before?.block === place.block) continue
      usage.addFolded(place.block)
      if (before !== null) usage.unfold(before.block)
    }
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
    this.#underWay.delete(container)
    this.foldsSince++
    this.progress++
  }

  #dismantleSlice(): void {
    const map = this.graveyard[0]
    invariant(map !== undefined, 'MG17: a map is taken apart while there is one', {})
    const places = this.#context.store.maps.dismantle(map)
    for (const place of places ?? []) this.#context.store.usage.unfold(place.block)
    if (places !== null) return
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
