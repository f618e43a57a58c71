/**
 * Locks of the pages of one container: many readers or one writer, first come first served. Who holds a read lock and wants to
 * write goes before all who hold none.
 *
 * It says who waits for whom and never waits itself. An owner waits for one page at a time, and has each lock until it
 * releases all of them together.
 */
import { invariant } from '@katydid/actor'

export type LockMode = 'read' | 'write'

interface Waiting<Owner> {
  readonly owner: Owner
  readonly mode: LockMode
}

interface PageLock<Owner> {
  readonly holders: Map<Owner, LockMode>
  /** In the order in which they are served. */
  queue: Waiting<Owner>[]
}

export class LockTable<Owner> {
  readonly #locks = new Map<number, PageLock<Owner>>()
  readonly #held = new Map<Owner, Set<number>>()
  readonly #waits = new Map<Owner, number>()

  /** Pages that somebody holds or waits for. */
  get size(): number {
    return this.#locks.size
  }

  /** Asks for the lock of `page`; one that waits is answered by the `release` of another. */
  request(owner: Owner, page: number, mode: LockMode): 'granted' | 'waits' {
    invariant(!this.#waits.has(owner), 'TX4: an owner waits for one lock at a time', { page })
    const lock = this.#lock(page)
    const held = lock.holders.get(owner)
    if (held === 'write' || held === mode) return 'granted'
    if (isGrantable(lock, { owner, mode }) && (held !== undefined || lock.queue.length === 0)) {
      this.#grant(lock, page, { owner, mode })
      return 'granted'
    }
    if (held === undefined) lock.queue.push({ owner, mode })
    else lock.queue.splice(upgrades(lock), 0, { owner, mode })
    this.#waits.set(owner, page)
    return 'waits'
  }

  /** Lets go of everything the owner holds or waits for; answers who waits no more, in the order in which they were served. */
  release(owner: Owner): Owner[] {
    const pages = this.#held.get(owner) ?? new Set<number>()
    const waits = this.#waits.get(owner)
    if (waits !== undefined) pages.add(waits)
    this.#held.delete(owner)
    this.#waits.delete(owner)
    const served: Owner[] = []
    for (const page of pages) {
      const lock = this.#locks.get(page)
      invariant(lock !== undefined, 'TX4: what is held is locked', { page })
      lock.holders.delete(owner)
      lock.queue = lock.queue.filter((each) => each.owner !== owner)
      served.push(...this.#serve(lock, page))
      if (lock.holders.size === 0 && lock.queue.length === 0) this.#locks.delete(page)
    }
    return served
  }

  /** Whom the owner waits for: holders in its way, and those that are served before it. */
  waitsFor(owner: Owner): Owner[] {
    const page = this.#waits.get(owner)
    const lock = page === undefined ? undefined : this.#locks.get(page)
    if (lock === undefined) return []
    const at = lock.queue.findIndex((each) => each.owner === owner)
    invariant(at >= 0, 'TX4: who waits is in the queue', { page })
    const { mode } = lock.queue[at]!
    const inTheWay = [...lock.holders]
      .filter(([holder, held]) => holder !== owner && (mode === 'write' || held === 'write'))
      .map(([holder]) => holder)
    return [...inTheWay, ...lock.queue.slice(0, at).map((each) => each.owner)]
  }

  #serve(lock: PageLock<Owner>, page: number): Owner[] {
    const served: Owner[] = []
    for (let next = lock.queue[0]; next !== undefined; next = lock.queue[0]) {
      if (!isGrantable(lock, next)) break
      lock.queue.shift()
      this.#waits.delete(next.owner)
      this.#grant(lock, page, next)
      served.push(next.owner)
    }
    return served
  }

  #grant(lock: PageLock<Owner>, page: number, { owner, mode }: Waiting<Owner>): void {
    lock.holders.set(owner, mode)
    invariant(
      mode === 'read' || lock.holders.size === 1,
      'TX4: a page has many readers or one writer',
      { page, holders: lock.holders.size },
    )
    const held = this.#held.get(owner)
    if (held === undefined) this.#held.set(owner, new Set([page]))
    else held.add(page)
  }

  #lock(page: number): PageLock<Owner> {
    const known = this.#locks.get(page)
    if (known !== undefined) return known
    const made: PageLock<Owner> = { holders: new Map(), queue: [] }
    this.#locks.set(page, made)
    return made
  }
}

/** Whether nobody but itself holds the page in its way. */
function isGrantable<Owner>(lock: PageLock<Owner>, { owner, mode }: Waiting<Owner>): boolean {
  for (const [holder, held] of lock.holders)
    if (holder !== owner && (mode === 'write' || held === 'write')) return false
  return true
}

/** How many at the head of the queue hold a read lock and want to write. */
function upgrades<Owner>(lock: PageLock<Owner>): number {
  const at = lock.queue.findIndex(({ owner }) => !lock.holders.has(owner))
  return at < 0 ? lock.queue.length : at
}
