/**
 * The machine's semaphores: counts, and who waits in which order. Nothing here knows of messages or clocks beyond what it is
 * given. A semaphore is a unit of recovery of its own. A count that a locus has taken and not yet gone on with is on its way: a recovery
 * that finds the locus as it was when it asked gives the count back.
 */
import { maxSemaphoreCount } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { History, type UnitPoint } from '../state-interval/history.js'

/** How a wait came out. */
export type WaitOutcome = 'ok' | 'timed_out' | 'frozen' | 'entity_gone'

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
  /** Loci that took from it, and the number of their wait: gone on, or still at rest in it. */
  readonly taken: Map<number, number>
  readonly history: History
  /** The interval that is open. */
  interval: number
  /** It differs from its newest point. */
  changed: boolean
  /** It was destroyed, and its end is not on the line yet. */
  dead: boolean
}

/** What a recovery makes a semaphore of. */
export interface RestoredSemaphore {
  readonly id: number
  readonly count: number
  readonly base: UnitPoint
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

  /** Numbers used before a restart are not used again. */
  raiseNext(to: number): void {
    this.#next = Math.max(this.#next, to)
  }

  get isFull(): boolean {
    return this.#semaphores.size >= mostSemaphores
  }

  all(): Semaphore[] {
    return this.known().filter((each) => !each.dead)
  }

  at(id: number): Semaphore | null {
    const semaphore = this.knownAs(id)
    return semaphore === null || semaphore.dead ? null : semaphore
  }

  /** All that are a unit still: those whose end is not on the line yet too. */
  known(): Semaphore[] {
    return [...this.#semaphores.values()]
  }

  knownAs(id: number): Semaphore | null {
    return this.#semaphores.get(id) ?? null
  }

  /** A new one, made in this epoch; `interval` is higher than any that one of its number had. */
  create(initial: number, at: { readonly epoch: number; readonly interval: number }): Semaphore {
    invariant(!this.isFull && initial >= 0, 'LO75: a new semaphore has a place and a count', {
      initial,
    })
    return this.#add(this.#next++, initial, at.interval, new History(at.epoch))
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
  add(semaphore: Semaphore, n: number): boolean {
    invariant(Number.isInteger(n) && n > 0, 'LO76: a signal adds a whole number', { n })
    if (semaphore.count + n > maxSemaphoreCount) return false
    semaphore.changed = true
    let left = n
    for (; left > 0 && semaphore.waiters.length > 0; left--)
      give(semaphore, semaphore.waiters.shift()!)
    semaphore.count += left
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
      if (number !== undefined && number !== 0 && number === inWait) this.add(semaphore, 1)
    }
  }

  /** Ends it: who waits is told so. Its number stays taken until its end is on the line. */
  destroy(semaphore: Semaphore): void {
    invariant(this.at(semaphore.id) === semaphore, 'LO75: a semaphore ends once', {
      id: semaphore.id,
    })
    semaphore.dead = semaphore.changed = true
    for (const waiter of semaphore.waiters.splice(0)) waiter.done('entity_gone')
  }

  /** Forgets it: nobody can name it and nobody waits, or its end is on the line. */
  forget(id: number): void {
    invariant(this.knownAs(id)?.waiters.length === 0, 'LO75: what is waited for is not forgotten', {
      id,
    })
    this.#semaphores.delete(id)
  }

  /**
   * The locus is as it was at its point: it waits no more, and what the semaphore gave it in the wait that it stands in again, `wait`,
   * is the semaphore's.
   */
  takeBack(semaphore: Semaphore, locus: number, wait: number): void {
    const waiting = semaphore.waiters.findIndex((each) => each.locus === locus)
    if (waiting >= 0) semaphore.waiters.splice(waiting, 1)
    const number = semaphore.taken.get(locus)
    semaphore.taken.delete(locus)
    if (number !== undefined && number !== 0 && number === wait) this.add(semaphore, 1)
  }

  /** Makes one what it was, or forgets it when it never was. Hosts that wait are told to ask again. */
  restoreOne(semaphore: Semaphore, to: RestoredSemaphore | null, interval: number): void {
    invariant(this.knownAs(semaphore.id) === semaphore, 'LO77: what is there goes back', {
      id: semaphore.id,
    })
    // Loci that waited have gone back too: they come and ask again.
    for (const waiter of semaphore.waiters.splice(0)) if (waiter.locus === 0) waiter.done('frozen')
    if (to === null) {
      this.#semaphores.delete(semaphore.id)
      return
    }
    // What is known of its earlier points stays.
    this.#add(to.id, to.count, interval, semaphore.history).changed = true
  }

  /** Makes the table what it was. No locus waits then; hosts that do are told to ask again. */
  restore(
    saved: readonly RestoredSemaphore[],
    next: number,
    at: { readonly epoch: number; readonly interval: number },
  ): void {
    const waiters = this.known().flatMap((each) => each.waiters)
    this.#semaphores.clear()
    this.#next = Math.max(this.#next, next)
    for (const { id, count, base } of saved) {
      invariant(id < this.#next, 'LO77: a saved semaphore has a number that was given', { id })
      this.#add(id, count, at.interval, new History(at.epoch, base)).changed = true
    }
    for (const waiter of waiters) if (waiter.locus === 0) waiter.done('frozen')
  }

  #add(id: number, count: number, interval: number, history: History): Semaphore {
    const semaphore: Semaphore = {
      id,
      count,
      waiters: [],
      taken: new Map(),
      history,
      interval,
      changed: true,
      dead: false,
    }
    this.#semaphores.set(id, semaphore)
    return semaphore
  }
}

function give(semaphore: Semaphore, waiter: Waiter): void {
  semaphore.changed = true
  if (waiter.locus !== 0) semaphore.taken.set(waiter.locus, waiter.number)
  waiter.done('ok')
}
