/**
 * The manager's own pages in memory: it serves the faults of its own container on its own thread, from a page set that may
 * be far smaller than its maps.
 *
 * Serving a fault touches the root page and pinned pages only, so it never waits for itself. A dirty victim is written by
 * value, and the thread waits for the disk, which never waits for a manager. Nobody else uses these translations: a
 * removal needs no acknowledgement.
 */
import type { Frame, Status } from '@katydid/abi'
import { invariant, type Counters, type Region } from '@katydid/actor'
import { AccessError, type Lcd, type Trap, type TrapStrategy } from '@katydid/memory'
import { isSelfMap, type OwnLayout } from './own-layout.js'
import type { BlockReader } from '../paging/paging-context.js'
import type { PagePlace } from './place.js'

/** What the own pages need of the rest: where a page stands, and how a dirty one is written. */
export interface OwnBacking {
  locate(page: number): PagePlace | null
  /** Writes pages by value and notes their places; a status other than ok when the disk refused. */
  writeNow(pages: readonly { page: number; content: Uint8Array }[]): Status
}

interface OwnPage {
  readonly frame: Frame
  dirty: boolean
  pinned: boolean
}

export class OwnPages implements TrapStrategy {
  readonly #region: Region
  readonly #lcd: Lcd
  readonly #layout: OwnLayout
  readonly #read: BlockReader
  readonly #counters: Counters
  readonly #free: Frame[] = []
  #frames = 0
  /** Resident pages in the order in which the clock hand visits them. */
  readonly #resident = new Map<number, OwnPage>()
  #backing: OwnBacking | null = null

  constructor(region: Region, lcd: Lcd, layout: OwnLayout, read: BlockReader, counters: Counters) {
    this.#region = region
    this.#lcd = lcd
    this.#layout = layout
    this.#read = read
    this.#counters = counters
  }

  /** Set once, before the first access: backing and own pages need each other. */
  set backing(backing: OwnBacking) {
    this.#backing = backing
  }

  addFrames(frames: readonly Frame[]): void {
    this.#free.push(...frames)
    this.#frames += frames.length
    this.#counters.max('ownFramesMax', this.#frames)
  }

  /** Frames that own pages may take: all but those of pinned pages. */
  get spare(): number {
    let pinned = 0
    for (const each of this.#resident.values()) if (each.pinned) pinned++
    return this.#free.length + this.#resident.size - pinned
  }

  /** Serves a fault of our own. Throws `AccessError` when the page cannot be read or no victim can be written. */
  resolve(trap: Trap): void {
    const page = Math.floor(trap.offset / this.#layout.pageBytes)
    invariant(
      page !== this.#layout.root,
      'MG11: faults on the root page are the kernel’s to answer',
      { offset: trap.offset },
    )
    const held = this.#resident.get(page) ?? this.#bringIn(page)
    if (trap.access === 'write') held.dirty = true
    this.#show(page, held)
  }

  /** Brings the page in, if need be, and keeps it. */
  pin(page: number): void {
    const held = this.#resident.get(page) ?? this.#bringIn(page)
    held.pinned = true
    this.#show(page, held)
  }

  /** Content of every dirty page (of the self map, or of all others), copied. */
  dirty(selfMap: boolean): { page: number; content: Uint8Array }[] {
    return [...this.#resident]
      .filter(([page, held]) => held.dirty && isSelfMap(this.#layout, page) === selfMap)
      .map(([page, held]) => ({ page, content: this.#copy(held.frame) }))
  }

  /** Whether no page is dirty. */
  get isClean(): boolean {
    return [...this.#resident.values()].every(({ dirty }) => !dirty)
  }

  /** The page, which is pinned, is to be written though nobody changed it. */
  soil(page: number): void {
    const held = this.#resident.get(page)
    invariant(held?.pinned === true, 'MG161: the page that is written in any case is there', {
      page,
    })
    held.dirty = true
  }

  /** The pages are written: a later write to one traps again. */
  clean(pages: readonly { page: number }[]): void {
    for (const { page } of pages) {
      const held = this.#resident.get(page)
      if (held === undefined) continue
      held.dirty = false
      this.#lcd.protect([page * this.#layout.pageBytes])
    }
  }

  #bringIn(page: number): OwnPage {
    invariant(
      page > this.#layout.root && page < this.#layout.end,
      'MG11: own pages lie in the own container',
      { page },
    )
    const frame = this.#free.pop() ?? this.#evict()
    const into = this.#region.frameBytes(frame)
    const place = this.#backing!.locate(page)
    if (place === null) into.fill(0)
    const status = place === null ? 'ok' : this.#read(place, into)
    if (status !== 'ok') {
      this.#free.push(frame)
      throw new AccessError(
        status,
        `own page ${page} of the manager cannot be read from block ${place?.block}`,
      )
    }
    this.#counters.add('ownFaults')
    const held = { frame, dirty: false, pinned: false }
    this.#resident.set(page, held)
    return held
  }

  #show(page: number, held: OwnPage): void {
    const status = this.#lcd.install([
      {
        offset: page * this.#layout.pageBytes,
        frame: held.frame,
        access: held.dirty ? 'write' : 'read',
      },
    ])
    invariant(status === 'ok', 'MG11: a manager may show its own frames in its own container', {
      page,
      status,
    })
  }

  /** Clean pages not touched since the hand last passed, then dirty ones, then whatever is not pinned. */
  #evict(): Frame {
    for (let round = 0; round < 3; round++) {
      for (const [page, held] of this.#resident) {
        if (held.pinned) continue
        const offset = page * this.#layout.pageBytes
        if (this.#lcd.ageOut(offset) && round < 2) continue
        if (held.dirty && round === 0) continue
        if (held.dirty) this.#writeOut(page, held)
        this.#lcd.remove([offset])
        this.#resident.delete(page)
        return held.frame
      }
    }
    throw new AccessError(
      'no_frames',
      'every frame of the manager’s own page set is pinned; give it more ownFrames',
    )
  }

  #writeOut(page: number, held: OwnPage): void {
    invariant(!held.pinned, 'MG11: a pinned page is not evicted', { page })
    const content = this.#copy(held.frame)
    const status = this.#backing!.writeNow([{ page, content }])
    if (status !== 'ok')
      throw new AccessError(status, `own page ${page} of the manager cannot be written`)
    held.dirty = false
    this.#counters.add('ownWrites')
  }

  #copy(frame: Frame): Uint8Array {
    return new Uint8Array(this.#region.frameBytes(frame))
  }
}
