/** One turn of the manager: pages first, then versions, then its own snapshot and its maps. */
import { lookAgainMs } from '../paging/pager.js'
import type { Context } from './context.js'
import type { Flush } from './flush.js'
import type { OwnSnapshot } from './own-snapshot.js'
import type { Pagers } from './rollback.js'

export class Turns {
  readonly #context: Context
  readonly #pagers: Pagers
  readonly #flush: Flush
  readonly #ownSnapshot: OwnSnapshot

  constructor(context: Context, pagers: Pagers, flush: Flush, ownSnapshot: OwnSnapshot) {
    this.#context = context
    this.#pagers = pagers
    this.#flush = flush
    this.#ownSnapshot = ownSnapshot
  }

  /** Answers in how many milliseconds it wants the next turn; a bell may bring it earlier. */
  turn(): number {
    const { pager, folding } = this.#pagers
    pager.turn()
    this.#flush.settle()
    this.#ownSnapshot.settle()
    // Folding may write own pages: while a snapshot that frees blocks is on its way it waits.
    const folded = !this.#ownSnapshot.isBusy && folding.settle()
    this.#snapshotWhenDue()
    pager.ring()
    if (folded && folding.isPending) return 0
    return pager.isAwaiting || folding.isPending ? lookAgainMs : Infinity
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
