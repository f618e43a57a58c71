/**
 * The overlay of one transaction: the pages that it has touched, as copies, in a page table of its own. What it read is
 * clean and may be taken out and copied again, as its lock keeps the container's page as it is; what it wrote stays in
 * memory until the transaction ends.
 */
import {
  asContainer,
  type Capref,
  type Frame,
  type PageSetId,
  type PortId,
  type StateInterval,
  type Token,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { Lcd } from '@katydid/memory'
import { Delta } from '../paging/delta.js'
import { PageBits } from '../paging/page-bits.js'
import type { Located, PagedContainer } from '../paging/paged-container.js'

/** What an overlay needs of the manager. */
interface Machine {
  readonly region: Region
  readonly port: PortId
  readonly reserve: { readonly pageSet: PageSetId }
}

export class Overlay<Below extends PagedContainer = PagedContainer> implements PagedContainer {
  readonly token: Token
  readonly below: Below
  readonly writable = true
  readonly capability: Capref | null = null
  readonly lcd: Lcd
  readonly size: number
  readonly resident = new Map<number, Frame>()
  /** What it wrote. */
  readonly open = new Delta()
  readonly openInterval: StateInterval
  awaited = 0
  ringing = false
  readonly seen = new PageBits()

  /** Over `below`, in the page table of container slot `slot`, which the kernel has made for it. */
  constructor({ region, port, reserve }: Machine, below: Below, slot: number) {
    invariant(below.lcd !== null, 'TX1: a transaction is on a container that has its place', {
      token: below.token,
    })
    this.token = below.token
    this.below = below
    this.size = below.size
    this.openInterval = below.openInterval
    const container = asContainer(slot)
    this.lcd = Lcd.open(region, { container, manager: port, pageSet: reserve.pageSet })
  }

  /** No snapshot has a part of it. */
  sharedBy(): undefined {
    return undefined
  }

  /** Nothing of it is on a disk; what it has not copied yet is the container's. */
  locate(page: number): Located {
    return this.below.locate(page)
  }
}
