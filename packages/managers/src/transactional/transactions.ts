/**
 * Transactions of loci on the containers of one manager, without threads, files or time.
 *
 * A fault of an overlay takes the lock of its page first and is served then, as any fault. All locks are held to the end. Who
 * would close a circle of waiting makes the youngest on it give way. A commit is one step: what was written becomes the
 * container's, and no snapshot comes in between. A transaction that has to end before its locus says so is *doomed*: its locks
 * and pages are gone at once, and whatever the locus asks of it next is answered with the reason.
 */
import type { Fate, Frame, Status, Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PendingTrap } from '@katydid/memory'
import { livesIn } from '../paging/moved-page.js'
import type { PagedContainer } from '../paging/paged-container.js'
import type { Pager } from '../paging/pager.js'
import type { PagingContext } from '../paging/paging-context.js'
import { clear } from '../paging/seat.js'
import { circleThrough, youngest } from './deadlock.js'
import { LockTable } from './lock-table.js'
import { Overlay } from './overlay.js'

interface Transaction {
  readonly overlay: Overlay
  /** The higher, the younger. */
  readonly age: number
  readonly deadlineMs: number
  fate: Fate
  /** The fault that waits for a lock. */
  waiting: PendingTrap | null
}

type Locks = LockTable<Transaction>

export class Transactions {
  readonly #context: PagingContext
  readonly #pager: Pager
  /** By the slot of the overlay: a locus has one at a time. */
  readonly #open = new Map<number, Transaction>()
  readonly #locks = new Map<PagedContainer, Locks>()

  constructor(context: PagingContext, pager: Pager) {
    this.#context = context
    this.#pager = pager
  }

  /** Transactions that have not ended, doomed ones among them. */
  get open(): number {
    return this.#open.size
  }

  /** Locks held or waited for. */
  get locked(): number {
    return [...this.#locks.values()].reduce((sum, each) => sum + each.size, 0)
  }

  /** overlay_open; twice is once. */
  begin(cont: Token, slot: number, age: number, timeoutMs: number): 'ok' | 'no_such_container' {
    const below = this.#context.containers.get(cont)
    if (below === undefined || below.lcd === null) return 'no_such_container'
    if (this.#open.has(slot)) return 'ok'
    const overlay = new Overlay(this.#context, below, slot)
    const deadlineMs = this.#context.clock.nowMs() + timeoutMs
    invariant(deadlineMs > 0 && age > 0, 'TX6: a transaction has an age and a deadline', { age })
    this.#open.set(slot, { overlay, age, deadlineMs, fate: 'open', waiting: null })
    return 'ok'
  }

  /** Takes the faults of overlays out of those that came in; answers the others. */
  sift(traps: readonly PendingTrap[]): readonly PendingTrap[] {
    return traps.filter((trap) => {
      const transaction = this.#open.get(trap.container)
      if (transaction !== undefined) {
        this.#fault(transaction, trap)
        return false
      }
      // The token is that of the container below, the slot that of the overlay.
      const lcd = this.#context.containers.get(trap.token)?.lcd ?? null
      const isOverlay = lcd !== null && lcd.container !== trap.container
      if (isOverlay) trap.answer('access_denied')
      return !isOverlay
    })
  }

  /** overlay_commit: how many pages changed, or why nothing of it is left. */
  commit(slot: number): {
    status: 'ok' | 'no_such_container' | 'conflict' | 'timed_out'
    pageCount: number
  } {
    const transaction = this.#open.get(slot)
    if (transaction === undefined) return { status: 'no_such_container', pageCount: 0 }
    const { overlay, fate } = transaction
    const status = fate === 'open' ? this.#apply(transaction) : fate
    const pageCount = status === 'ok' ? overlay.open.dirty.size : 0
    this.#end(slot, transaction)
    this.#context.counters.add(status === 'ok' ? 'commits' : 'aborts')
    return { status, pageCount }
  }

  /** overlay_drop: how the transaction stood, if there was one. */
  drop(slot: number): Fate {
    const transaction = this.#open.get(slot)
    if (transaction === undefined) return 'open'
    this.#end(slot, transaction)
    this.#context.counters.add('aborts')
    return transaction.fate
  }

  /** The container went back, or is gone: no transaction on it ever was. */
  forget(container: PagedContainer): void {
    for (const [slot, transaction] of this.#open)
      if (transaction.overlay.below === container) this.#end(slot, transaction, 'frozen')
    invariant((this.#locks.get(container)?.size ?? 0) === 0, 'TX4: who has ended holds no lock', {
      token: container.token,
    })
    this.#locks.delete(container)
  }

  /** Ends what is late; answers in how many milliseconds the next one is. Before faults are served. */
  turn(): number {
    const now = this.#context.clock.nowMs()
    let next = Infinity
    for (const transaction of this.#open.values()) {
      if (transaction.fate !== 'open') continue
      if (transaction.deadlineMs <= now) this.#doom(transaction, 'timed_out')
      else next = Math.min(next, transaction.deadlineMs - now)
    }
    return next
  }

  /** Has loci ring that acknowledge what was taken out of an overlay. At the end of a turn. */
  ring(): number {
    for (const { overlay } of this.#open.values()) this.#pager.eviction.ringFor(overlay)
    return Infinity
  }

  #fault(transaction: Transaction, trap: PendingTrap): void {
    if (transaction.fate !== 'open') {
      trap.answer(transaction.fate)
      return
    }
    const { below } = transaction.overlay
    const locks = this.#locks.get(below) ?? new LockTable<Transaction>()
    this.#locks.set(below, locks)
    const page = Math.floor(trap.offset / this.#context.pageBytes)
    // A locus has one fault at a time: one that comes while another waits has withdrawn that.
    if (transaction.waiting !== null) return this.#doom(transaction, 'timed_out', trap)
    if (locks.request(transaction, page, trap.access === 'read' ? 'read' : 'write') === 'granted')
      return this.#serve(transaction, trap)
    transaction.waiting = trap
    for (;;) {
      const circle = circleThrough(transaction, (each) => locks.waitsFor(each))
      if (circle === null) return
      this.#context.counters.add('conflicts')
      this.#doom(youngest(circle), 'conflict')
    }
  }

  /** It has the lock of its page. */
  #serve({ overlay }: Transaction, trap: PendingTrap): void {
    const { offset, access } = trap
    const answer = (status: Status): void => {
      trap.answer(status)
    }
    this.#pager.faults.take({ container: overlay, offset, access, answer })
  }

  /** It ends now, and its locus hears at the next opportunity why. */
  #doom(
    transaction: Transaction,
    why: Exclude<Fate, 'open'>,
    asking: PendingTrap | null = null,
  ): void {
    invariant(transaction.fate === 'open', 'TX6: a transaction is doomed once', { why })
    transaction.fate = why
    asking?.answer(why)
    this.#letGo(transaction, why)
  }

  #end(slot: number, transaction: Transaction, why: Status = 'access_denied'): void {
    this.#open.delete(slot)
    this.#letGo(transaction, why)
  }

  /** Its waiting fault hears `why`, its pages leave, and its locks go to those that wait for them. */
  #letGo(transaction: Transaction, why: Status): void {
    const { overlay, waiting } = transaction
    transaction.waiting = null
    waiting?.answer(why)
    clear(this.#pager, overlay, why)
    overlay.open.dirty.clear()
    const served = this.#locks.get(overlay.below)?.release(transaction) ?? []
    for (const each of served) {
      const { waiting: trap } = each
      invariant(trap !== null, 'TX4: who waits for a lock has a fault', { age: each.age })
      each.waiting = null
      this.#serve(each, trap)
    }
  }

  /** One step: every page it wrote is the container's, or none. */
  #apply(transaction: Transaction): 'ok' | 'no_such_container' | 'conflict' {
    const { overlay, waiting } = transaction
    const { below, lcd, open } = overlay
    if (below.lcd === null) return 'no_such_container'
    const { pageBytes } = this.#context
    const written = [...open.dirty].map((page) => ({ page, frame: overlay.resident.get(page)! }))
    const generation = lcd.remove(written.map(({ page }) => page * pageBytes))
    // Its locus waits for this answer. One that goes on meanwhile would see frames that are not its own any more.
    if (waiting !== null || !lcd.acknowledged(generation)) return 'conflict'
    if (written.length > 0) below.lcd.noteWritten(written.map(({ page }) => page * pageBytes))
    for (const { page, frame } of written) {
      invariant(frame !== undefined, 'TX1: what a transaction wrote is in memory', { page })
      if (!this.#adopt(overlay, page, frame)) return 'no_such_container'
    }
    return 'ok'
  }

  /** The frame is the container's from now on, and so is what it holds. False: the container is being destroyed. */
  #adopt({ below, resident }: Overlay, page: number, frame: Frame): boolean {
    const { frames, pageBytes } = this.#context
    const replaced = below.lcd!.replace({ offset: page * pageBytes, frame, access: 'read' })
    if (replaced.status === 'no_such_container') return false
    invariant(replaced.status === 'ok', 'TX1: what was written can be shown', { page, frame })
    resident.delete(page)
    frames.handOver(frame, below)
    const from = replaced.generation
    livesIn(this.#context, this.#pager.departures, below, { page, frame, from })
    return true
  }
}
