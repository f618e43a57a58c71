/**
 * The machine's semaphores: counts, and who waits in which order. Nothing here knows of messages or clocks beyond what it is
 * given. A count that a locus has taken and not yet gone on with is still the semaphore's for a capture: the locus is kept as it was
 * when it asked, and will ask again.
 */
import { maxSemaphoreCount, type ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'

/** The interval in which a container signalled. */
export interface Receipt {
  readonly container: ContainerSlot
  readonly generation: number
  readonly interval: number
}

/** How a wait came out. */
export type WaitOutcome = 'timed_out' | 'frozen' | 'entity_gone' | readonly Receipt[]

export interface Waiter {
  /** Number of the locus that waits; 0: the host. */
  readonly locus: number
  /** The wait's number in its locus's record; 0: not one that is captured. */
  readonly number: number
  readonly deadlineMs: number
  readonly done: (outcome: WaitOutcome) => void
}

export interface Semaphore {
  /** Never used again. */
  readonly id: number
  count: number
  readonly waiters: Waiter[]
  /** Newest interval of each container that signalled since the count was last 0. */
  readonly receipts: Map<ContainerSlot, Receipt>
  /** Loci that took from it, and the number of their wait: gone on, or still at rest in it. */
  readonly taken: Map<number, number>
}

/** What a capture keeps. */
export interface SavedSemaphore {
  readonly id: number
  readonly count: number
}

/** Semaphores of a machine. */
export const mostSemaphores = 1024

export class SemaphoreTable {
  readonly #semaphores = new Map<number, Semaphore>()
  #next = 1

  /** The number of the next semaphore: saved, so that none is used twice. */
  get next(): number {
    return this.#next
  }

  get isFull(): boolean {
    return this.#semaphores.size >= mostSemaphores
  }

  all(): Semaphore[] {
    return [...this.#semaphores.values()]
  }

  at(id: number): Semaphore | null {
    return this.#semaphores.get(id) ?? null
  }

  create(initial: number): Semaphore {
    invariant(!this.isFull && initial >= 0, 'LO75: a new semaphore has a place and a count', {
      initial,
    })
    return this.#add(this.#next++, initial)
  }

  /** Takes one off the count for the waiter, or lets it wait: at most until its deadline, `nowMs` counts as past. */
  take(semaphore: Semaphore, waiter: Waiter, nowMs: number): void {
    invariant(
      semaphore.count === 0 || semaphore.waiters.length === 0,
      'LO76: nobody waits for a count that is there',
      { id: semaphore.id, count: semaphore.count },
    )
    if (semaphore.count > 0) {
      semaphore.count--
      give(semaphore, waiter)
    } else if (waiter.deadlineMs <= nowMs) waiter.done('timed_out')
    else semaphore.waiters.push(waiter)
  }

  /** Adds to the count; false, with nothing changed, when that would be more than a count can be. */
  add(semaphore: Semaphore, n: number, receipt: Receipt | null): boolean {
    invariant(Number.isInteger(n) && n > 0, 'LO76: a signal adds a whole number', { n })
    if (semaphore.count + n > maxSemaphoreCount) return false
    if (receipt !== null) semaphore.receipts.set(receipt.container, receipt)
    const before = semaphore.count
    let left = n
    for (; left > 0 && semaphore.waiters.length > 0; left--) {
      // Counted first: the receipts hold as long as there is something that came from them.
      semaphore.count = left - 1
      give(semaphore, semaphore.waiters.shift()!)
    }
    semaphore.count = before + left
    return true
  }

  /** Ends waits whose deadline has passed; milliseconds until the next has. */
  turn(nowMs: number): number {
    let next = Infinity
    for (const semaphore of this.#semaphores.values()) {
      if (semaphore.waiters.length === 0) continue
      const late = semaphore.waiters.filter((each) => each.deadlineMs <= nowMs)
      for (const waiter of late) {
        semaphore.waiters.splice(semaphore.waiters.indexOf(waiter), 1)
        waiter.done('timed_out')
      }
      for (const { deadlineMs } of semaphore.waiters) next = Math.min(next, deadlineMs - nowMs)
    }
    return Math.max(0, next)
  }

  /**
   * The locus is gone while it was at rest: it waits no more, and what it took and never went on with goes to the next. `inWait` is
   * the number in its record.
   */
  withdraw(locus: number, inWait: number): void {
    invariant(locus > 0, 'LO78: a locus has a number', { locus })
    for (const semaphore of this.#semaphores.values()) {
      const waiting = semaphore.waiters.findIndex((each) => each.locus === locus)
      if (waiting >= 0) semaphore.waiters.splice(waiting, 1)
      const number = semaphore.taken.get(locus)
      semaphore.taken.delete(locus)
      if (number !== undefined && number !== 0 && number === inWait) this.add(semaphore, 1, null)
    }
  }

  /** Ends it: who waits is told so. */
  destroy(semaphore: Semaphore): void {
    invariant(this.#semaphores.get(semaphore.id) === semaphore, 'LO75: a semaphore ends once', {
      id: semaphore.id,
    })
    this.#semaphores.delete(semaphore.id)
    for (const waiter of semaphore.waiters.splice(0)) waiter.done('entity_gone')
  }

  /** Forgets it: nobody can name it and nobody waits. */
  forget(id: number): void {
    invariant(this.at(id)?.waiters.length === 0, 'LO75: what is waited for is not forgotten', {
      id,
    })
    this.#semaphores.delete(id)
  }

  /** Counts as a capture keeps them: with what loci took that stand at rest in their wait. `inWait` reads a locus's record. */
  save(inWait: (locus: number) => number): SavedSemaphore[] {
    return this.all().map(({ id, count, taken }) => {
      let kept = count
      for (const [locus, number] of taken)
        if (number !== 0 && inWait(locus) === number) kept++
        else taken.delete(locus)
      return { id, count: kept }
    })
  }

  /** Makes the table what it was. No locus waits then; hosts that do are told to ask again. */
  restore(saved: readonly SavedSemaphore[], next: number): void {
    const waiters = this.all().flatMap((each) => each.waiters)
    this.#semaphores.clear()
    this.#next = Math.max(this.#next, next)
    for (const { id, count } of saved) {
      invariant(id < this.#next, 'LO77: a saved semaphore has a number that was given', { id })
      this.#add(id, count)
    }
    for (const waiter of waiters) if (waiter.locus === 0) waiter.done('frozen')
  }

  #add(id: number, count: number): Semaphore {
    const semaphore: Semaphore = {
      id,
      count,
      waiters: [],
      receipts: new Map(),
      taken: new Map(),
    }
    this.#semaphores.set(id, semaphore)
    return semaphore
  }
}

function give(semaphore: Semaphore, waiter: Waiter): void {
  if (waiter.locus !== 0) semaphore.taken.set(waiter.locus, waiter.number)
  const receipts = [...semaphore.receipts.values()]
  if (semaphore.count === 0) semaphore.receipts.clear()
  waiter.done(receipts)
}
