/** The test as a manager: zero-filled pages, taken out when frames run short, kept here meanwhile. */
import { asContainer, type Frame, type PageSetId, type PortId } from '@katydid/abi'
import type { Region } from '@katydid/actor'
import { Lcd, takeTraps, type PendingTrap } from '@katydid/memory'

interface Resident {
  readonly container: number
  readonly offset: number
  readonly frame: Frame
  dirty: boolean
}

export class Pager {
  faults = 0
  evictions = 0
  /** Traps that name a container by another token than its own. */
  wrongTraps = 0
  /** Answers traps only while true. */
  answering = true
  readonly #region: Region
  readonly #manager: PortId
  readonly #pageSet: PageSetId
  readonly #free: Frame[]
  readonly #resident = new Map<string, Resident>()
  readonly #store = new Map<string, Uint8Array>()
  readonly #lcds = new Map<number, Lcd>()
  #waiting: PendingTrap[] = []
  #leaving: { readonly pages: Resident[]; readonly generations: Map<number, number> } | null = null

  constructor(region: Region, manager: PortId, pageSet: PageSetId, frames: readonly Frame[]) {
    this.#region = region
    this.#manager = manager
    this.#pageSet = pageSet
    this.#free = [...frames]
  }

  /** One turn; answers how many traps it ended. */
  turn(): number {
    if (!this.answering) return 0
    this.#waiting.push(...takeTraps(this.#region, this.#manager))
    this.#finishLeaving()
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((trap) => !this.#serve(trap))
    if (this.#waiting.length > 0 && this.#leaving === null && this.#free.length === 0) this.#evict()
    return before - this.#waiting.length + (this.#leaving === null ? 0 : 1)
  }

  /** Takes every page out and keeps what it held. Answers how many; nobody may be running. */
  evictAll(): number {
    const pages = [...this.#resident.values()]
    for (const page of pages) {
      this.#lcd(page.container).remove([page.offset])
      this.#keep(page)
    }
    this.#resident.clear()
    return pages.length
  }

  /** A word of a page that is out: what was kept of it. */
  word(container: number, offset: number): number {
    const { pageBytes } = this.#region.plan.shape
    const page = Math.floor(offset / pageBytes) * pageBytes
    const kept = this.#store.get(`${container}:${page}`)
    return kept === undefined ? 0 : new Int32Array(kept.buffer)[(offset - page) / 4]!
  }

  /** What was kept of the pages of a container that is out, by offset; pages of zeros are left out. */
  kept(container: number): Map<number, Uint8Array> {
    const mine = [...this.#store].filter(([key]) => key.startsWith(`${container}:`))
    return new Map(
      mine
        .filter(([, bytes]) => bytes.some((byte) => byte !== 0))
        .map(([key, bytes]): [number, Uint8Array] => [Number(key.split(':')[1]), bytes])
        .sort(([a], [b]) => a - b),
    )
  }

  /** Makes a word of a page that was never touched. */
  setWord(container: number, offset: number, value: number): void {
    const { pageBytes } = this.#region.plan.shape
    const page = new Uint8Array(pageBytes)
    new Int32Array(page.buffer)[(offset % pageBytes) / 4] = value
    this.#store.set(`${container}:${Math.floor(offset / pageBytes) * pageBytes}`, page)
  }

  /** Takes a page of container 0 out and waits until that is acknowledged; false after a second. */
  async removeAndWait(): Promise<boolean> {
    const generation = this.#lcd(0).remove([])
    for (let i = 0; i < 1000; i++) {
      if (this.#lcd(0).acknowledged(generation)) return true
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    return false
  }

  #serve(trap: PendingTrap): boolean {
    const { pageBytes } = this.#region.plan.shape
    if (trap.token !== this.#region.i32[this.#region.containerWord(trap.container, 'token')])
      this.wrongTraps++
    const offset = Math.floor(trap.offset / pageBytes) * pageBytes
    const key = `${trap.container}:${offset}`
    if (this.#leaving?.pages.some((page) => keyOf(page) === key) === true) return false
    let page = this.#resident.get(key)
    if (page === undefined) {
      const frame = this.#free.pop()
      if (frame === undefined) return false
      const bytes = this.#region.frameBytes(frame)
      const kept = this.#store.get(key)
      if (kept === undefined) bytes.fill(0)
      else bytes.set(kept)
      page = { container: trap.container, offset, frame, dirty: false }
      this.#resident.set(key, page)
    }
    page.dirty ||= trap.access === 'write'
    const status = this.#lcd(page.container).install([
      { offset, frame: page.frame, access: page.dirty ? 'write' : 'read' },
    ])
    this.faults++
    trap.answer(status)
    return true
  }

  #evict(): void {
    const pages = [...this.#resident.values()].slice(0, Math.max(1, this.#resident.size >> 2))
    const generations = new Map<number, number>()
    for (const container of new Set(pages.map((page) => page.container))) {
      const offsets = pages
        .filter((page) => page.container === container)
        .map((page) => page.offset)
      generations.set(container, this.#lcd(container).remove(offsets))
    }
    for (const page of pages) this.#resident.delete(keyOf(page))
    this.evictions += pages.length
    this.#leaving = { pages, generations }
  }

  #finishLeaving(): void {
    if (this.#leaving === null) return
    for (const [container, generation] of this.#leaving.generations)
      if (!this.#lcd(container).acknowledged(generation)) return
    for (const page of this.#leaving.pages) this.#keep(page)
    this.#leaving = null
  }

  #keep(page: Resident): void {
    this.#store.set(keyOf(page), Uint8Array.from(this.#region.frameBytes(page.frame)))
    this.#free.push(page.frame)
  }

  #lcd(container: number): Lcd {
    let lcd = this.#lcds.get(container)
    if (lcd === undefined) {
      const of = {
        container: asContainer(container),
        manager: this.#manager,
        pageSet: this.#pageSet,
      }
      lcd = Lcd.open(this.#region, of)
      this.#lcds.set(container, lcd)
    }
    return lcd
  }
}

const keyOf = (page: { container: number; offset: number }): string =>
  `${page.container}:${page.offset}`
