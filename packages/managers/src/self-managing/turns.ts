/** One turn of the manager: pages first, then versions, then its own snapshot and its maps, then the disk’s segments. */
import { lookAgainMs } from '../paging/pager.js'
import type { Cleaner } from './cleaner.js'
import type { Context } from './context.js'
import type { Flush } from './flush.js'
import type { Layer } from './layer.js'
import type { Retention } from './retention.js'
import type { OwnSnapshot } from './own-snapshot.js'
import { shortLookMs, type RoomKeeper } from './room-keeper.js'
import type { Pagers } from './rollback.js'

export class Turns {
  readonly #context: Context
  readonly #pagers: Pagers
  readonly #flush: Flush
  readonly #ownSnapshot: OwnSnapshot
  readonly #cleaner: Cleaner
  readonly #keeper: RoomKeeper
  readonly #layer: Layer
  readonly #retention: Retention

  constructor(
    context: Context,
    pagers: Pagers,
    flush: Flush,
    ownSnapshot: OwnSnapshot,
    cleaner: Cleaner,
    keeper: RoomKeeper,
    layer: Layer,
    retention: Retention,
  ) {
    this.#context = context
    this.#pagers = pagers
    this.#flush = flush
    this.#ownSnapshot = ownSnapshot
    this.#cleaner = cleaner
    this.#keeper = keeper
    this.#layer = layer
    this.#retention = retention
  }

  /** Answers in how many milliseconds it wants the next turn; a bell may bring it earlier. */
  turn(): number {
    const wanted = this.#layer.turn()
    const own = this.#turn()
    return Math.min(wanted, own, this.#layer.ring(), this.#ownSnapshot.tryMs)
  }

  #turn(): number {
    const { pager, folding } = this.#pagers
    this.#keeper.settle()
    pager.turn()
    this.#flush.settle()
    this.#ownSnapshot.settle()
    const kept = this.#retention.settle()
    // Folding may write own pages: while a snapshot that frees blocks is on its way it waits.
    const folded = !this.#ownSnapshot.isBusy && folding.settle()
    this.#cleaner.settle()
    this.#snapshotWhenDue()
    pager.ring()
    if (folded && folding.isPending) return 0
    if (kept && this.#retention.isPending) return 0
    if (this.#cleaner.isPending) return this.#context.options.cleanRestMs
    if (this.#keeper.isPending) return shortLookMs
    const isPending = pager.isAwaiting || folding.isPending || this.#retention.isPending
    return isPending ? lookAgainMs : this.#keeper.lookIdle()
  }

  #snapshotWhenDue(): void {
    const { options, writer } = this.#context
    if (this.#ownSnapshot.isBusy) return
    const isDue =
      this.#ownSnapshot.tryMs === 0 ||
      writer.bytesSince >= options.snapshotBytes ||
      this.#pagers.folding.foldsSince >= options.snapshotFolds
    if (isDue) this.#ownSnapshot.request()
  }
}
