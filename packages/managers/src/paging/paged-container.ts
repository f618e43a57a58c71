/**
 * One container as far as paging goes: which page is in which frame, what of it is in memory only, and where the rest
 * stands. A manager's own record of a container is one of these and more.
 */
import type { Capref, Frame, StateInterval, Token } from '@katydid/abi'
import type { Lcd } from '@katydid/memory'
import type { Delta } from './delta.js'
import type { PageBits } from './page-bits.js'
import type { PageGate } from './page-gate.js'
import type { PagePlace } from './place.js'

/** Where a page stands; `ask the map`: only what the manager keeps besides can say. */
export type Located = PagePlace | 'ask the map'

export interface PagedContainer {
  readonly token: Token
  /** The container whose pages this one shows copies of: it is the overlay of a transaction. Null: it is no overlay. */
  readonly below: PagedContainer | null
  /** False: write access is refused. */
  readonly writable: boolean
  /** In the manager's table; nil until the kernel has said. */
  capability: Capref | null
  /** Its descriptor on this machine; nil until the kernel has said its slot. */
  lcd: Lcd | null
  /** In bytes. */
  size: number
  /** Live frame of each resident page. */
  readonly resident: Map<number, Frame>
  /** What changed in the interval that is open. */
  readonly open: Delta
  /** The interval that what is written of the open delta carries. */
  readonly openInterval: StateInterval
  /** Removed or replaced frames that wait for acknowledgement. */
  awaited: number
  ringing: boolean
  /** Pages ever brought in, to tell a re-read. */
  readonly seen: PageBits
  /** Of a container that other machines use too. */
  readonly sharing?: PageGate | null
  /** The version whose unwritten content of `page` is the live frame's own: writing that page needs a copy first. */
  sharedBy(page: number): Delta | undefined
  /** Where the content of a page that is not resident stands. */
  locate(page: number): Located
}
