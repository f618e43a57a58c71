/**
 * One container as its manager knows it: resident pages, the open delta, versions newer than its map, and the map.
 *
 * Look-up of a page that is not resident: open delta, versions from new to old, map. This record decides nothing; the
 * parts that serve faults, evict, flush and fold change it.
 */
import { asInterval, type Capref, type Frame, type StateInterval, type Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Lcd } from '@katydid/memory'
import type { SharedContainer } from '../sharing/shared-container.js'
import { Delta } from '../paging/delta.js'
import { PageBits } from '../paging/page-bits.js'
import type { Located, PagedContainer } from '../paging/paged-container.js'
import type { History } from './history.js'
import type { MapRoot } from './place.js'

export class ManagedContainer implements PagedContainer {
  readonly token: Token
  readonly below = null
  readonly writable: boolean
  /** In the manager's table; nil until the kernel has said (a container found in the log). */
  capability: Capref | null = null
  /** Its descriptor on this machine; nil until the kernel has said its slot. */
  lcd: Lcd | null = null
  size = 0
  /** Live frame of each resident page. */
  readonly resident = new Map<number, Frame>()
  open = new Delta()
  /** The interval that descriptors of the open delta carry: above every name given so far. */
  openInterval: StateInterval = asInterval(1)
  /** Versions that the map does not hold yet, from old to new. */
  readonly versions: Delta[] = []
  /** The interval that the map shows; 0 the empty container. */
  folded: StateInterval = asInterval(0)
  /** The newest snapshot that was reported recoverable in this life. */
  line: StateInterval = asInterval(0)
  /** Up to this one nothing older is wanted but what is kept; 0: the kernel has not said so in this life. */
  superseding: StateInterval = asInterval(0)
  readonly map: MapRoot = { page: 0, height: 0 }
  /** When the snapshot was taken that the map shows, in milliseconds since 1970; 0: unknown. */
  takenMs = 0
  /** Its retained snapshots; null while nothing was ever said or kept of them. */
  history: History | null = null
  /** Its snapshots that belong to kept lines; nil: the kernel has not said yet in this life. */
  kept: ReadonlySet<StateInterval> | null = null
  /** Names of snapshots that shall not be retained again. */
  readonly dropped = new Set<StateInterval>()
  /** What the log says of how many are retained, not in the history yet. */
  retainAsked: number | null | undefined
  /** It began as another's snapshot: its map names blocks that were written as another's. */
  isFork = false
  /** The kernel has not made us its manager yet. */
  isComing = false
  /** Nil: no other machine uses it. */
  sharing: SharedContainer | null = null
  /** Removed or replaced frames that wait for acknowledgement. */
  awaited = 0
  ringing = false
  /** Pages ever brought in, to tell a re-read. */
  readonly seen = new PageBits()

  /** `writable` false: a snapshot that was opened. */
  constructor(token: Token, writable = true) {
    this.token = token
    this.writable = writable
  }

  /** The newest name given. */
  get label(): StateInterval {
    return this.versions.at(-1)?.interval ?? this.folded
  }

  version(interval: StateInterval): Delta | undefined {
    return this.versions.find((version) => version.interval === interval)
  }

  /** The version whose unwritten content of `page` is the live frame's own: writing that page needs a copy first. */
  sharedBy(page: number): Delta | undefined {
    for (let i = this.versions.length - 1; i >= 0; i--) {
      const version = this.versions[i]!
      if (version.dirty.has(page)) return version.kept.has(page) ? undefined : version
    }
    return undefined
  }

  /** Where the content of a page that is not resident stands. */
  locate(page: number): Located {
    invariant(
      !this.open.dirty.has(page),
      'MG4: a page whose newest content is only in memory is resident',
      {
        token: this.token,
        page,
      },
    )
    const place = this.open.places.get(page)
    if (place !== undefined) return place
    for (let i = this.versions.length - 1; i >= 0; i--) {
      const older = this.versions[i]!.places.get(page)
      if (older !== undefined) return older
    }
    return 'ask the map'
  }

  /** Names the open delta and begins a new one: the same few steps however much was changed. */
  snapshot(interval: StateInterval, takenMs = 0): Delta {
    invariant(interval > this.label, 'SI1: names of snapshots rise', {
      interval,
      label: this.label,
    })
    const version = this.open
    version.close(interval)
    version.takenMs = takenMs
    this.versions.push(version)
    this.open = new Delta()
    this.openInterval = asInterval(interval + 1)
    return version
  }
}
