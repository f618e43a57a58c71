/**
 * Moving pages out of a segment: which of what its heads name is still needed, copies of it to the log's end, and maps that name
 * the copies.
 *
 * Open deltas and versions name blocks too, and are listed in the log when their pages have moved (`moves-in-deltas.ts`).
 *
 * A copy carries interval 0, so it belongs to no snapshot and no replay of the log sees it: until a root page with the
 * changed map is durable, the old block is the page, and it is not given up. A page of our own is only made dirty: the
 * next snapshot of ourselves writes it elsewhere.
 */
import {
  asFrame,
  asInterval,
  type diskCalls,
  type DiskBlock,
  type ResultOf,
  type Token,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PageWrite } from '../paging/disk-writer.js'
import type { Context } from './context.js'
import { deltasNaming, giveUpOld, moveInDeltas } from './moves-in-deltas.js'
import type { ManagedContainer } from './managed-container.js'
import type { MapRoot, PagePlace } from './place.js'

export type Described = ResultOf<typeof diskCalls.diskSegment>['pages'][number]

/** A page that a map names, and where it stood and stands. */
interface Moved {
  readonly page: Described
  readonly to: PagePlace
}

/** The interval of copies: no snapshot is called so. */
const noInterval = asInterval(0)

export class Moves {
  readonly #context: Context
  readonly #own: Token
  #writing = false
  #moved: Moved[] = []

  constructor(context: Context, own: Token) {
    this.#context = context
    this.#own = own
  }

  /** Nothing is on its way and everything is in the maps. */
  get isDone(): boolean {
    return !this.#writing && this.#moved.length === 0
  }

  get isWriting(): boolean {
    return this.#writing
  }

  /** Whether a map names the page there. A page of our own that stands there is made dirty, and is no more to do. */
  mustCopy(page: Described): boolean {
    if (page.cont === this.#own) {
      this.#touch(page.page, page.block)
      return false
    }
    giveUpOld(this.#context, page)
    return this.#isNamed(page)
  }

  /** Copies the pages that the maps still name; what cannot be read is left where it is. Answers what was wrong, or null. */
  copy(pages: readonly Described[]): string | null {
    invariant(!this.#writing, 'MG20: one batch of copies is under way', { pages: pages.length })
    const { read, pageBytes, writer, store, counters } = this.#context
    let problem: string | null = null
    const writes: PageWrite[] = []
    const copied: Described[] = []
    for (const page of pages) {
      // Folded anew since it was looked up: its block may be free by now, and written by somebody else.
      if (!this.#isNamed(page)) continue
      const content = new Uint8Array(pageBytes)
      const status = read(page, content)
      if (status !== 'ok') {
        problem = `page ${page.page} of container ${page.cont} cannot be read from block ${page.block}: ${status}`
        continue
      }
      const { cont } = page
      writes.push({ cont, stateInterval: noInterval, page: page.page, frame: asFrame(0), content })
      copied.push(page)
    }
    if (writes.length === 0) return problem
    this.#writing = true
    writer.write(writes, [], false, pageBytes, (reply) => {
      this.#writing = false
      if (reply.status !== 'ok') return
      counters.add('pagesMoved', copied.length)
      for (const [index, page] of copied.entries()) {
        const to = reply.places[index]!
        store.usage.written(to.block)
        this.#moved.push({ page, to })
      }
    })
    return problem
  }

  /** Puts up to `limit` copies into the maps, where the page has not been written since. Only while maps may change. */
  apply(limit: number): void {
    const { usage, maps } = this.#context.store
    invariant(limit > 0, 'MG20: copies come into the maps in bounded steps', { limit })
    for (let i = 0; i < limit && this.#moved.length > 0; i++) {
      const { page, to } = this.#moved[0]!
      maps.move(this.#mapsOf(page.cont), page.page, page.block, to)
      moveInDeltas(this.#context, page, to)
      this.#moved.shift()
      usage.drop(to.block)
    }
  }

  #isNamed(described: Described): boolean {
    const { cont, page, block } = described
    if (deltasNaming(this.#context, described).length > 0) return true
    return this.#context.store.maps.isNamed(this.#mapsOf(cont), page, block)
  }

  /** The maps that can name a block written as a page of `cont`: its own, and those of containers that began as a snapshot. */
  *#mapsOf(cont: Token): Generator<Readonly<MapRoot>, void, undefined> {
    const { containers } = this.#context
    const own = containers.get(cont)
    if (own !== undefined) yield* mapsWithin(own)
    for (const each of containers.values()) if (each.isFork && each !== own) yield* mapsWithin(each)
  }

  #touch(page: number, block: DiskBlock): void {
    const { store, pageBytes } = this.#context
    if (!store.standsAt(page, block)) return
    invariant(page !== store.layout.root, 'MG12: the root page is the kernel’s to write', { page })
    const at = page * pageBytes
    store.window.setInt32(at, store.window.getInt32(at))
  }
}

/** What a container's map and its retained snapshots name. */
function* mapsWithin({ map, history }: ManagedContainer): Generator<Readonly<MapRoot>, void> {
  yield map
  const entries = history?.entries ?? []
  for (let i = entries.length - 1; i >= 0; i--) yield entries[i]!.map
}
