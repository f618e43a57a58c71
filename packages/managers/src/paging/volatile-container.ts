/** One container of volatile memory: what is resident, and where what was swapped out stands. It has no snapshots. */
import { asInterval, type Capref, type Frame, type StateInterval, type Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Lcd } from '@katydid/memory'
import { Delta } from './delta.js'
import { PageBits } from './page-bits.js'
import type { Located, PagedContainer } from './paged-container.js'

export class VolatileContainer implements PagedContainer {
  readonly token: Token
  readonly below = null
  readonly writable = true
  capability: Capref | null = null
  lcd: Lcd | null = null
  size = 0
  readonly resident = new Map<number, Frame>()
  /** Everything since the container was last empty: its one delta, which is never named. */
  open = new Delta()
  /** Swap is written under the interval that was open when the container was last empty. */
  openInterval: StateInterval = asInterval(1)
  awaited = 0
  ringing = false
  readonly seen = new PageBits()

  constructor(token: Token) {
    this.token = token
  }

  /** Nothing is shared with a snapshot, as there is none. */
  sharedBy(): undefined {
    return undefined
  }

  /** In the swap, or nowhere: then it reads zeros. */
  locate(page: number): Located {
    invariant(!this.open.dirty.has(page), 'MG4: a page only in memory is resident', {
      token: this.token,
      page,
    })
    return this.open.places.get(page) ?? 'ask the map'
  }
}
