/**
 * Paging, put together: faults are served from the reserve, pages are evicted ahead, frames come back when every locus has
 * acknowledged. A manager gives it a turn and adds what it promises besides.
 *
 * The order within a turn matters little, the frames do: those that became free in this turn serve the faults of this turn.
 */
import type { PendingTrap } from '@katydid/memory'
import { invariant } from '@katydid/actor'
import { Departures } from './departures.js'
import { Eviction } from './eviction.js'
import { Faults } from './faults.js'
import type { PagingContext } from './paging-context.js'

/** While something is awaited that may ring no bell (a transfer's end), look again after so long. */
export const lookAgainMs = 20

export class Pager {
  readonly faults: Faults
  readonly eviction: Eviction
  readonly departures: Departures
  readonly #context: PagingContext
  readonly #takeTraps: () => readonly PendingTrap[]

  constructor(context: PagingContext, takeTraps: () => readonly PendingTrap[]) {
    this.#context = context
    this.#takeTraps = takeTraps
    this.departures = new Departures(context)
    this.faults = new Faults(context, this.departures)
    this.eviction = new Eviction(context, this.departures)
  }

  /** Whether it wants another turn though no bell may ring. */
  get isAwaiting(): boolean {
    return this.eviction.coming > 0 || this.faults.waiting > 0
  }

  /** What came in is served, what was begun goes on. */
  turn(): void {
    this.#takeFaults()
    this.#settle()
    this.#evict()
  }

  /** Has acknowledging loci ring while somebody waits for that. At the end of a turn. */
  ring(): void {
    for (const container of this.#context.containers.values()) this.eviction.ringFor(container)
  }

  #settle(): void {
    this.eviction.settle()
    this.departures.settle()
    this.#context.reserve.settle()
    this.faults.serve()
  }

  #takeFaults(): void {
    for (const trap of this.#takeTraps()) {
      const container = this.#context.containers.get(trap.token)
      if (container === undefined || container.lcd === null) {
        trap.answer('no_such_container')
        continue
      }
      invariant(
        container.lcd.container === trap.container,
        'MG1: a token names the container that the kernel says',
        {
          token: trap.token,
          slot: trap.container,
        },
      )
      this.faults.take({
        container,
        offset: trap.offset,
        access: trap.access,
        answer: (status) => {
          trap.answer(status)
        },
      })
    }
  }

  /** Evicts ahead. When nothing can be evicted and nothing is under way, faults that wait are told so. */
  #evict(): void {
    const { faults, eviction } = this
    const { reserve, writer, clock } = this.#context
    if (eviction.failure !== null && faults.waiting > 0) {
      faults.refuse(null, eviction.failure)
      eviction.failure = null
      return
    }
    // Room is being won back on the disk: what waits goes on waiting.
    if (writer.waitsForRoom) {
      faults.renew(clock.nowMs())
      return
    }
    const wanted = reserve.wanted(eviction.coming, faults.waiting)
    if (wanted === 0) return
    // While frames are coming, a page just shown keeps its chance to be used: else loci would take pages from each other.
    const isStuck = faults.waiting > 0 && eviction.coming === 0 && writer.inFlight === 0
    invariant(wanted > 0, 'MG6: pages are evicted because frames are wanted', { wanted })
    const found = eviction.evict(wanted, isStuck ? 2 : 1)
    // Without a locus running in the container the acknowledgement is there already.
    this.#settle()
    if (found > 0 || faults.waiting === 0 || eviction.coming > 0 || writer.inFlight > 0)
      return faults.fed()
    if (!reserve.isAsking) faults.starve(clock.nowMs())
  }
}
