/**
 * What the directory does to pages of this machine: takes them from the loci here, reads what they hold, and takes in what guests have written.
 *
 * Content comes home like a store of the manager's own: into the page's frame if nobody else needs that as it is, else into another. Nobody
 * here sees the page meanwhile. When no frame is free it waits, and the guest keeps its copy.
 */
import type { Frame, PageLevel } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Lcd } from '@katydid/memory'
import { livesIn } from '../paging/moved-page.js'
import type { PagedContainer } from '../paging/paged-container.js'
import { storedContent } from '../paging/page-content.js'
import type { Pager } from '../paging/pager.js'
import type { PagingContext } from '../paging/paging-context.js'
import type { Content } from './directory.js'
import type { Refused } from './page-record.js'

interface Arrival {
  readonly page: number
  readonly bytes: Uint8Array
  readonly done: () => void
}

export class HomePages {
  readonly #context: PagingContext
  readonly #pager: Pager
  readonly #container: PagedContainer
  readonly #lcd: Lcd
  /** Pages on their way down, and the generation that every locus has to acknowledge. */
  readonly #leaving = new Map<number, number>()
  #arrivals: Arrival[] = []

  constructor(context: PagingContext, pager: Pager, container: PagedContainer) {
    invariant(container.lcd !== null, 'CH1: what is shared has its place here', {
      token: container.token,
    })
    this.#context = context
    this.#pager = pager
    this.#container = container
    this.#lcd = container.lcd
  }

  get isAwaiting(): boolean {
    return this.#leaving.size > 0 || this.#arrivals.length > 0
  }

  /** Takes the page from the loci here, or write access to it; `settle` says when all have seen that. */
  lower(page: number, to: PageLevel): void {
    invariant(to !== 'write', 'CH1: a page is taken down', { page })
    const container = this.#container
    if (!this.#leaving.has(page)) container.awaited++
    this.#pager.eviction.ringFor(container)
    const offset = page * this.#context.pageBytes
    // A page that is not shown may have been taken out a moment ago: that has to be seen as well.
    const shown = this.#lcd.query(offset).frame === null ? [] : [offset]
    this.#leaving.set(page, to === 'none' ? this.#lcd.remove(shown) : this.#lcd.protect(shown))
  }

  /** Pages that every locus here has seen go down. */
  settle(): number[] {
    const down = [...this.#leaving].filter(([, generation]) => this.#lcd.acknowledged(generation))
    for (const [page] of down) {
      this.#leaving.delete(page)
      this.#container.awaited--
      invariant(this.#container.awaited >= 0, 'ME1: every removal is awaited once', { page })
    }
    const arrivals = this.#arrivals
    this.#arrivals = arrivals.filter((arrival) => !this.#take(arrival))
    return down.map(([page]) => page)
  }

  /** What the page holds; nobody writes it now. */
  content(page: number): Content | { readonly status: Refused } {
    const { region, pageBytes } = this.#context
    invariant(
      !this.#lcd.query(page * pageBytes).writable,
      'CH1: nobody here writes what another machine is given',
      { page },
    )
    const frame = this.#container.resident.get(page)
    if (frame !== undefined) return Uint8Array.from(region.frameBytes(frame))
    const stored = storedContent(this.#context, this.#container, page)
    return typeof stored === 'string' ? { status: stored } : (stored ?? 'zeros')
  }

  store(page: number, bytes: Uint8Array, done: () => void): void {
    const arrival = { page, bytes, done }
    if (!this.#take(arrival)) this.#arrivals.push(arrival)
  }

  /** The page can be written elsewhere: the next capture takes it along. */
  opened(page: number): void {
    const { frame } = this.#lcd.query(page * this.#context.pageBytes)
    invariant(frame === null, 'CH1: nobody here sees what another machine may write', { page })
    this.#lcd.noteWritten([page * this.#context.pageBytes])
  }

  /** The container is no longer shared. */
  end(): void {
    this.#container.awaited -= this.#leaving.size
    invariant(this.#container.awaited >= 0, 'ME1: every removal is awaited once', {
      token: this.#container.token,
    })
    this.#leaving.clear()
    this.#arrivals = []
  }

  #take({ page, bytes, done }: Arrival): boolean {
    const { frames, reserve, region } = this.#context
    const container = this.#container
    const old = container.resident.get(page)
    invariant(
      this.#lcd.query(page * this.#context.pageBytes).frame === null,
      'CH1: content comes home to a page that nobody sees there',
      { page },
    )
    if (old !== undefined && !frames.isBusy(old) && container.sharedBy(page) === undefined) {
      region.frameBytes(old).set(bytes)
      container.open.dirty.add(page)
      done()
      return true
    }
    const frame: Frame | null = reserve.take()
    if (frame === null) return false
    region.frameBytes(frame).set(bytes)
    frames.hold(frame, container, page)
    const from = this.#lcd.remove([])
    livesIn(this.#context, this.#pager.departures, container, { page, frame, from })
    done()
    return true
  }
}
