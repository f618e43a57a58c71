/**
 * A container that other machines use too, at its home: its directory, the guests, faults of this machine that wait for a page, and recalls.
 *
 * A recall is repeated until the page has come back or its guest is gone. Who waits for a page of a silent machine is refused by its deadline.
 */
import type { MachineId, PageLevel, PortId } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Fault } from '../paging/faults.js'
import type { PagedContainer } from '../paging/paged-container.js'
import type { PageGate } from '../paging/page-gate.js'
import type { Pager } from '../paging/pager.js'
import type { PagingContext } from '../paging/paging-context.js'
import { Directory } from './directory.js'
import { covers } from './levels.js'
import { HomePages } from './home-pages.js'
import { home } from './page-record.js'

/** So long a page of another machine is waited for. */
export const waitMs = 4_000
/** A recall whose page has not come back is made again. */
const repeatMs = 500

export interface Guest {
  readonly machine: MachineId
  readonly number: number
  readonly port: PortId
}

export interface Recall {
  readonly page: number
  readonly number: number
  readonly level: PageLevel
}

interface Outstanding extends Recall {
  readonly guest: Guest
  dueMs: number
}

export class SharedContainer implements PageGate {
  readonly directory: Directory
  readonly guests = new Map<MachineId, Guest>()
  readonly container: PagedContainer
  readonly #context: PagingContext
  readonly #pager: Pager
  readonly #pages: HomePages
  readonly #send: (guest: Guest, recalls: readonly Recall[]) => void
  #held: { readonly fault: Fault; readonly page: number }[] = []
  #recalls: Outstanding[] = []

  constructor(
    context: PagingContext,
    pager: Pager,
    container: PagedContainer,
    send: (guest: Guest, recalls: readonly Recall[]) => void,
  ) {
    this.container = container
    this.#context = context
    this.#pager = pager
    this.#send = send
    const pages = new HomePages(context, pager, container)
    this.#pages = pages
    this.directory = new Directory(
      {
        lower: (holder, page, number, to) => {
          if (holder === home) return pages.lower(page, to)
          const guest = this.guests.get(holder)
          invariant(guest !== undefined, 'CH2: who holds a page is a guest', { holder, page })
          this.#recalls.push({ guest, page, number, level: to, dueMs: 0 })
        },
        content: (page) => pages.content(page),
        store: (page, bytes, done) => pages.store(page, bytes, done),
        opened: (page) => pages.opened(page),
      },
      context.options.consistency,
    )
  }

  level(page: number): PageLevel {
    return this.directory.homeLevel(page)
  }

  hold(fault: Fault, page: number): void {
    const access = fault.access === 'read' ? 'read' : 'write'
    invariant(
      !covers(this.level(page), access),
      'CH1: only a fault whose page others have is held',
      { page, access },
    )
    const held = { fault, page }
    this.#held.push(held)
    const untilMs = this.#context.clock.nowMs() + waitMs
    this.directory.request(page, {
      holder: home,
      access,
      sequence: 0,
      have: 0,
      untilMs,
      answer: ({ status }) => {
        const at = this.#held.indexOf(held)
        if (at < 0) return
        this.#held.splice(at, 1)
        if (status === 'ok') this.#pager.faults.take(fault)
        else fault.answer(status)
      },
    })
  }

  refuse(status: 'frozen' | 'no_such_container'): void {
    const held = this.#held
    this.#held = []
    for (const { fault } of held) fault.answer(status)
  }

  /** What loci here have acknowledged goes on, and whoever has waited for too long is refused. */
  settle(nowMs: number): void {
    for (const page of this.#pages.settle()) this.directory.lowered(page)
    this.directory.expire(nowMs)
  }

  /** Recalls what is to be recalled; answers when there is something to do again, in milliseconds of the same clock. */
  recall(nowMs: number, lookAgainMs: number): number {
    const due = new Map<Guest, Recall[]>()
    this.#recalls = this.#recalls.filter(({ guest, page, number }) =>
      this.directory.isAsked(guest.machine, page, number),
    )
    let next = this.#pages.isAwaiting ? nowMs + lookAgainMs : this.directory.expire(nowMs)
    for (const recall of this.#recalls) {
      if (recall.dueMs <= nowMs) {
        recall.dueMs = nowMs + repeatMs
        const list = due.get(recall.guest)
        if (list === undefined) due.set(recall.guest, [recall])
        else list.push(recall)
      }
      next = Math.min(next, recall.dueMs)
    }
    for (const [guest, recalls] of due) this.#send(guest, recalls)
    return next
  }

  /** The container goes back, or is gone: there are no guests. */
  end(): void {
    this.#pages.end()
    this.#recalls = []
    this.guests.clear()
    // Whoever asked from another machine hears that it is frozen; faults of this machine what their container's other faults hear.
    this.refuse('frozen')
    this.directory.clear()
  }

  /** The guest on that machine is gone; answers how many pages it could have written. */
  lost(machine: MachineId): number {
    invariant(Number(machine) !== home, 'CH6: home is no guest', { machine })
    this.guests.delete(machine)
    this.#recalls = this.#recalls.filter(({ guest }) => guest.machine !== machine)
    return this.directory.lost(machine).length
  }
}
