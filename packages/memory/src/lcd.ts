/**
 * A local container descriptor as its manager uses it: kernel code on the manager's thread (lcd_create, lcd_install,
 * lcd_remove, lcd_protect, lcd_query). It checks what it is told, so that a manager's mistake refuses the call and touches
 * nobody else's frames.
 */
import {
  containerStates,
  entryBits,
  entryFor,
  asFrame,
  type Access,
  type ContainerSlot,
  type Frame,
  type PageSetId,
  type PortId,
  type Status,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { belongsTo, mayShow } from './frame.js'
import { entryIndex } from './page-table.js'
import { stampPage } from './stamp.js'
import { acknowledged, raiseGeneration, ringWhenAcknowledged } from './quiescence.js'

export interface Installation {
  /** Page-aligned byte offset in the container. */
  readonly offset: number
  readonly frame: Frame
  readonly access: Access
}

export interface PageView {
  readonly frame: Frame | null
  readonly writable: boolean
  readonly referenced: boolean
}

export class Lcd {
  readonly region: Region
  readonly container: ContainerSlot
  readonly manager: PortId
  readonly pageSet: PageSetId

  private constructor(
    region: Region,
    container: ContainerSlot,
    manager: PortId,
    pageSet: PageSetId,
  ) {
    this.region = region
    this.container = container
    this.manager = manager
    this.pageSet = pageSet
  }

  /** Opens the descriptor of a container that `manager` manages. Frames it installs must be of `pageSet` (0: the kernel's own). */
  static open(
    region: Region,
    of: { container: ContainerSlot; manager: PortId; pageSet: PageSetId },
  ): Lcd {
    invariant(
      of.container >= 0 && of.container < region.plan.shape.maxContainers,
      'LD1: a descriptor is of a container of this machine',
      { container: of.container },
    )
    return new Lcd(region, of.container, of.manager, of.pageSet)
  }

  /**
   * Shows frames at page-aligned offsets: all of them or none. A page that shows another frame is `bad_argument`: remove or
   * `replace` it. `no_such_container`: not live or not this manager's. `no_such_page_set`: a frame of another set.
   */
  install(pages: readonly Installation[]): Status {
    if (!this.#isManaged()) return 'no_such_container'
    for (const page of pages) {
      const refusal = this.#refusalOf(page, true)
      if (refusal !== null) return refusal
    }
    for (const page of pages) this.#show(page, this.#index(page.offset))
    return 'ok'
  }

  /** Shows another frame where one is shown (a copy of it): answers the generation after which nobody uses the old one. */
  replace(page: Installation): { status: Status; generation: number } {
    const refusal = this.#isManaged() ? this.#refusalOf(page, false) : 'no_such_container'
    if (refusal !== null) return { status: refusal, generation: 0 }
    const index = this.#index(page.offset)
    const before = this.region.words.load(index)
    if ((before & entryBits.frameMask) === this.#address(page.frame))
      return { status: 'bad_argument', generation: 0 }
    this.#show(page, index)
    if ((before & entryBits.frameMask) !== 0) this.#forget(index, before)
    return { status: 'ok', generation: raiseGeneration(this.region, this.container) }
  }

  /** Takes pages out and answers the generation to be acknowledged before their frames are written or used anew. */
  remove(offsets: readonly number[]): number {
    for (const offset of offsets) {
      const index = this.#index(offset)
      const before = this.region.words.exchange(index, 0)
      if (before !== 0) this.#forget(index, before)
    }
    return raiseGeneration(this.region, this.container)
  }

  /** Takes write access and answers the generation to be acknowledged before the content may be taken as still. */
  protect(offsets: readonly number[]): number {
    for (const offset of offsets)
      this.#change(
        this.#index(offset),
        (entry) => entry & ~(entryBits.write | entryBits.captureMask),
      )
    return raiseGeneration(this.region, this.container)
  }

  /** Pages are changed in another way than through entries with write access: the next capture takes them along. */
  noteWritten(offsets: readonly number[]): void {
    for (const offset of offsets) stampPage(this.region, this.container, offset)
    this.region.words.store(this.region.containerWord(this.container, 'written'), 1)
  }

  /** The clock hand: clears present only, and says whether the page had been touched since it last passed. */
  ageOut(offset: number): boolean {
    return this.#change(this.#index(offset), (entry) => entry & ~entryBits.present) < 0
  }

  /** What the page shows now. */
  query(offset: number): PageView {
    const index = entryIndex(this.region, this.container, offset)
    const entry = index < 0 ? 0 : this.region.words.load(index)
    if (entry === 0) return { frame: null, writable: false, referenced: false }
    const writable =
      (entry & entryBits.write) !== 0 &&
      (entry & entryBits.captureMask) >> entryBits.captureShift === this.#capture()
    return {
      frame: ((entry & entryBits.frameMask) / this.region.plan.shape.pageBytes) as Frame,
      writable,
      referenced: entry < 0,
    }
  }

  /** Whether every locus has acknowledged `generation` (M1). */
  acknowledged(generation: number): boolean {
    return acknowledged(this.region, this.container, generation)
  }

  /** Rings `port` whenever a locus of the container acknowledges or goes quiet; null stops it. */
  ringWhenAcknowledged(port: PortId | null): void {
    ringWhenAcknowledged(this.region, this.container, port)
  }

  /** Whether the container lives and is this manager's. */
  #isManaged(): boolean {
    const { words } = this.region
    return (
      words.load(this.region.containerWord(this.container, 'state')) === containerStates.live &&
      words.load(this.region.containerWord(this.container, 'manager')) === this.manager
    )
  }

  /** Why the frame cannot be shown there; `alone`: nor when the entry shows another. */
  #refusalOf({ offset, frame }: Installation, alone: boolean): Status | null {
    if (offset % this.region.plan.shape.pageBytes !== 0) return 'bad_argument'
    const index = entryIndex(this.region, this.container, offset)
    if (index < 0) return 'bad_argument'
    if (!belongsTo(this.region, frame, this.pageSet)) return 'no_such_page_set'
    if (!mayShow(this.region, frame, this.container, index * 4)) return 'bad_argument'
    if (!alone) return null
    const held = this.region.words.load(index) & entryBits.frameMask
    return held !== 0 && held !== this.#address(frame) ? 'bad_argument' : null
  }

  #show(page: Installation, index: number): void {
    const entry = entryFor(
      this.#address(page.frame),
      page.access === 'write' ? this.#capture() : null,
    )
    invariant(entry < 0, 'LD1: what is shown is present', { entry, frame: page.frame })
    this.region.words.store(this.region.frameWord(page.frame, 'entry'), index * 4)
    // Before the entry: a capture that finds it 0 has a container that nobody can have written since the last one.
    if (page.access === 'write') this.noteWritten([page.offset])
    // One store publishes frame and access together; what the frame holds was written before.
    this.region.words.store(index, entry)
  }

  /** Changes an entry that loci may be making present at this moment: by compare-exchange, so that neither change is lost. */
  #change(index: number, change: (entry: number) => number): number {
    for (;;) {
      const before = this.region.words.load(index)
      if (before === 0) return 0
      if (this.region.words.compareExchange(index, before, change(before)) === before) return before
    }
  }

  #forget(index: number, entry: number): void {
    const frame = asFrame((entry & entryBits.frameMask) / this.region.plan.shape.pageBytes)
    const shownBy = this.region.words.exchange(this.region.frameWord(frame, 'entry'), 0)
    invariant(shownBy === index * 4, 'LD2: a frame knows the one entry that shows it', {
      frame,
      shownBy,
      index,
    })
  }

  #address(frame: Frame): number {
    return frame * this.region.plan.shape.pageBytes
  }

  #capture(): number {
    return this.region.words.load(this.region.containerWord(this.container, 'capture'))
  }

  #index(offset: number): number {
    const index = entryIndex(this.region, this.container, offset)
    invariant(index >= 0, 'LD2: an offset of an open window has an entry', {
      container: this.container,
      offset,
    })
    return index
  }
}
