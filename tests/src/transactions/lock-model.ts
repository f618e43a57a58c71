/** Page locks as plainly as can be: every request that was made, and who of them may hold, worked out anew each time. */
import type { LockMode } from '@katydid/managers/transactional/lock-table.js'

interface Request {
  readonly owner: number
  readonly page: number
  readonly mode: LockMode
  isGranted: boolean
}

export class LockModel {
  #requests: Request[] = []

  request(owner: number, page: number, mode: LockMode): void {
    const held = this.#held(owner, page)
    if (held === 'write' || held === mode) return
    this.#requests.push({ owner, page, mode, isGranted: false })
    this.#settle(page)
  }

  release(owner: number): void {
    this.#requests = this.#requests.filter((each) => each.owner !== owner)
    for (const page of new Set(this.#requests.map((each) => each.page))) this.#settle(page)
  }

  isWaiting(owner: number): boolean {
    return this.#requests.some((each) => each.owner === owner && !each.isGranted)
  }

  /** Whom it waits for: those that must let go, or be served, before it can be. */
  waitsFor(owner: number): Set<number> {
    const found = new Set<number>()
    const own = this.#requests.find((each) => each.owner === owner && !each.isGranted)
    if (own === undefined) return found
    for (const each of this.#requests) {
      if (each.page !== own.page || each.owner === owner) continue
      if (each.isGranted ? clashes(each, own) : this.#isBefore(each, own)) found.add(each.owner)
    }
    return found
  }

  /** Whether a path of waiting leads from the owner back to it: by closure, one step longer each time. */
  isInCircle(owner: number): boolean {
    let reached = this.waitsFor(owner)
    for (;;) {
      const next = new Set([
        ...reached,
        ...[...reached].flatMap((each) => [...this.waitsFor(each)]),
      ])
      if (next.size === reached.size) return reached.has(owner)
      reached = next
    }
  }

  #settle(page: number): void {
    for (;;) {
      const waiting = this.#requests.filter((each) => each.page === page && !each.isGranted)
      const first = waiting.find((each) => !waiting.some((other) => this.#isBefore(other, each)))
      if (first === undefined) return
      const others = this.#requests.filter((each) => each.page === page && each.isGranted)
      if (others.some((each) => each.owner !== first.owner && clashes(each, first))) return
      first.isGranted = true
    }
  }

  /** Whether `one` is served before `other`: holders first, then as they came. */
  #isBefore(one: Request, other: Request): boolean {
    if (one === other) return false
    const [holds, holdsToo] = [one, other].map(
      ({ owner, page }) => this.#held(owner, page) !== null,
    )
    if (holds !== holdsToo) return holds === true
    return this.#requests.indexOf(one) < this.#requests.indexOf(other)
  }

  #held(owner: number, page: number): LockMode | null {
    const granted = this.#requests.filter(
      (each) => each.owner === owner && each.page === page && each.isGranted,
    )
    if (granted.length === 0) return null
    return granted.some(({ mode }) => mode === 'write') ? 'write' : 'read'
  }
}

const clashes = (one: Request, other: Request): boolean =>
  one.mode === 'write' || other.mode === 'write'
