/**
 * One turn of the manager: what came in is served, what was begun goes on. The order matters little, the frames do: those
 * that became free in this turn serve the faults of this turn.
 */
import type { PendingTrap } from '@katydid/memory'
import { invariant } from '@katydid/actor'
import type { Context } from './context.js'
import type { Flush } from './flush.js'
import type { OwnSnapshot } from './own-snapshot.js'
import type { Pagers } from './rollback.js'

/** While something is awaited that may ring no bell (a transfer's end), look again after so long. */
const lookAgainMs = 20

export class Turns {
  readonly #context: Context
  readonly #pagers: Pagers
  readonly #flush: Flush
  readonly #ownSnapshot: OwnSnapshot
  readonly #takeTraps: () => readonly PendingTrap[]

  constructor(
    context: Context,
    pagers: Pagers,
    flush: Flush,
    ownSnapshot: OwnSnapshot,
    takeTraps: () => readonly PendingTrap[],
  ) {
    this.#context = context
    this.#pagers = pagers
    this.#flush = flush
    this.#ownSnapshot = ownSnapshot
    this.#takeTraps = takeTraps
  }

  /** Answers in how many milliseconds it wants the next turn; a bell may bring it earlier. */
  turn(): number {
    const { faults, eviction, departures, folding } = this.#pagers
    const { reserve, containers } = this.#context
    this.#takeFaults()
    eviction.settle()
    departures.settle()
    reserve.settle()
    faults.serve()
    this.#evict()
    this.#flush.settle()
    this.#ownSnapshot.settle()
    // Folding may write own pages: while a snapshot that frees blocks is on its way it waits.
    const folded = !this.#ownSnapshot.isBusy && folding.settle()
    this.#snapshotWhenDue()
    for (const container of containers.values()) eviction.ringFor(container)
    if (folded && folding.isPending) return 0
    const isAwaiting = eviction.coming > 0 || faults.waiting > 0 || folding.isPending
    return isAwaiting ? lookAgainMs : Infinity
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
      this.#pagers.faults.take({
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
    const { faults, eviction, departures } = this.#pagers
    const { reserve, writer } = this.#context
    if (eviction.failure !== null && faults.waiting > 0) {
      eviction.failure = null
      faults.refuse(null, 'io_error')
      return
    }
    const wanted = reserve.wanted(eviction.coming, faults.waiting)
    if (wanted === 0) return
    // While frames are coming, a page just shown keeps its chance to be used: else loci would take pages from each other.
    const isStuck = faults.waiting > 0 && eviction.coming === 0 && writer.inFlight === 0
    invariant(wanted > 0, 'MG6: pages are evicted because frames are wanted', { wanted })
    const found = eviction.evict(wanted, isStuck ? 2 : 1)
    // Without a locus running in the container the acknowledgement is there already.
    eviction.settle()
    departures.settle()
    reserve.settle()
    faults.serve()
    if (found > 0 || faults.waiting === 0 || eviction.coming > 0) return
    if (writer.inFlight === 0 && !reserve.isAsking) faults.refuse(null, 'no_frames')
  }

  #snapshotWhenDue(): void {
    const { options, writer } = this.#context
    if (this.#ownSnapshot.isBusy) return
    const isDue =
      writer.bytesSince >= options.snapshotBytes ||
      this.#pagers.folding.foldsSince >= options.snapshotFolds
    if (isDue) this.#ownSnapshot.request()
  }
}
