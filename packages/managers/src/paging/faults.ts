/**
 * Serves faults: shows the page, with a frame from the reserve, or lets the fault wait when there is none.
 *
 * A read shows the page read-only; the first write in an interval traps and makes the page dirty from then on. A write to a
 * page whose frame an unwritten version shares, or a disk is reading, moves the page to a copy first. A fault on a page
 * that is being evicted makes it stay. A fault that waits keeps no decision: it is served anew from the beginning.
 */
import type { Access, Frame, Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { PagingContext } from './paging-context.js'
import type { Departures } from './departures.js'
import { frameStates } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'
import { fillFrame } from './page-content.js'
import { livesIn } from './moved-page.js'

/** A fault to be answered exactly once, from a trap or from a message. */
export interface Fault {
  readonly container: PagedContainer
  readonly offset: number
  readonly access: Access
  answer(status: Status): void
}

/** Slows those who write: a fault that would make a page dirty is held so long before it is served. */
export interface Brake {
  /** Milliseconds, counted from when the fault came; 0: nobody is held. May change at any time. */
  readonly delayMs: number
}

/** Whether it is of a transaction, whose pages stay in memory until it ends. */
const isOfTransaction = ({ container }: Fault): boolean => container.below !== null

interface Held {
  readonly fault: Fault
  readonly sinceMs: number
}

/** So long a fault waits for a frame though none is coming yet: a snapshot that was just taken shares every page until it is written. */
const starvedMs = 2_000
/**
 * So long a fault waits for room on the disk at a time: then its locus looks again and faults anew, since one that stays unanswered would
 * look like a manager that has failed, however slow the disk is.
 */
const renewMs = 4_000

export class Faults {
  readonly #context: PagingContext
  readonly #departures: Departures
  #waiting: Fault[] = []
  #held: Held[] = []
  /** Nil: nobody is ever held. */
  brake: Brake | null = null
  /** Frames that faults which came before, and still wait, are the first to have. */
  #spokenFor = 0
  /** Faults that were not refused as others were: once for each. */
  readonly #spared = new WeakSet<Fault>()
  /** Since when no frame is coming for those that wait; null while one is. */
  #starvedSinceMs: number | null = null
  /** Since when those that wait do so for room on the disk; null: they do not. */
  #roomSinceMs: number | null = null

  constructor(context: PagingContext, departures: Departures) {
    this.#context = context
    this.#departures = departures
  }

  /** Faults that wait for a frame. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Faults that are held so that their loci write more slowly. */
  get held(): number {
    return this.#held.length
  }

  take(fault: Fault): void {
    const { counters, clock, trace } = this.#context
    counters.add('faults')
    trace.event('fault', fault.offset, fault.container.token)
    if (!this.#mustHold(fault)) {
      this.#waiting.push(fault)
      return
    }
    counters.add('faultsHeld')
    this.#held.push({ fault, sinceMs: clock.nowMs() })
  }

  /**
   * Serves what can be served, in the order in which it came. Who needs two frames has the first that are free: else others would take each as it
   * comes, and lose the page again to the next search for two.
   */
  serve(): void {
    if (this.#held.length > 0) this.#release()
    if (this.#waiting.length === 0) return
    const faults = this.#waiting
    this.#spokenFor = 0
    this.#waiting = []
    const left = faults.filter((fault) => {
      const status = this.#attempt(fault)
      if (status !== 'wait' && status !== 'held') fault.answer(status)
      return status === 'wait'
    })
    // A fault that was held and has its page at once comes back meanwhile.
    const back = this.#waiting
    this.#waiting = left
    for (const fault of back) this.#serveNow(fault)
  }

  #serveNow(fault: Fault): void {
    const status = this.#attempt(fault)
    if (status === 'wait') this.#waiting.push(fault)
    else if (status !== 'held') fault.answer(status)
  }

  /** Frames are coming, or nobody waits. */
  fed(): void {
    this.#starvedSinceMs = null
  }

  /** Those that wait do so for room on the disk, which may take long. */
  renew(nowMs: number): void {
    this.#starvedSinceMs = null
    if (this.#waiting.length === 0) this.#roomSinceMs = null
    else this.#roomSinceMs ??= nowMs
    if (this.#roomSinceMs === null || nowMs < this.#roomSinceMs + renewMs) return
    invariant(this.#waiting.length > 0, 'MG143: a fault that is renewed waits', { nowMs })
    this.#roomSinceMs = null
    this.refuse(null, 'ok')
  }

  /** No frame is coming for those that wait: when that lasts they are refused. */
  starve(nowMs: number): void {
    this.#starvedSinceMs ??= nowMs
    invariant(nowMs >= this.#starvedSinceMs, 'MG6: time goes forward', { nowMs })
    if (nowMs < this.#starvedSinceMs + starvedMs) return
    this.#starvedSinceMs = null
    // Who can do with what there is has it now, behind those who cannot; what a transaction holds comes back when that is refused, so others wait once more.
    const faults = this.#waiting
    const sparing = faults.some(isOfTransaction)
    this.#waiting = []
    const left = faults.filter((fault) => {
      this.#spokenFor = 0
      const status = this.#attempt(fault)
      if (status === 'held') return false
      if (status === 'wait' && sparing && !isOfTransaction(fault) && !this.#spared.has(fault)) {
        this.#spared.add(fault)
        return true
      }
      fault.answer(status === 'wait' ? 'no_frames' : status)
      return false
    })
    this.#waiting = [...left, ...this.#waiting]
  }

  /** Answers every waiting fault of the container (of all when null) with `status`. */
  refuse(container: PagedContainer | null, status: Status): void {
    const isMeant = (fault: Fault): boolean => container === null || fault.container === container
    for (const fault of this.#waiting) if (isMeant(fault)) fault.answer(status)
    this.#waiting = this.#waiting.filter((fault) => !isMeant(fault))
    // Who is held waits for no frame: it is refused only with its container.
    if (container === null) return
    for (const { fault } of this.#held) if (isMeant(fault)) fault.answer(status)
    this.#held = this.#held.filter(({ fault }) => !isMeant(fault))
  }

  /** A page that is dirty already takes no more room by being written. */
  #mustHold({ access, container, offset }: Fault): boolean {
    if (access === 'read' || this.brake === null || this.brake.delayMs === 0) return false
    return !container.open.dirty.has(Math.floor(offset / this.#context.pageBytes))
  }

  #release(): void {
    const now = this.#context.clock.nowMs()
    const delayMs = this.brake?.delayMs ?? 0
    invariant(delayMs >= 0, 'MG80: a fault is held for a bounded time', { delayMs })
    const isOver = ({ sinceMs }: Held): boolean => now - sinceMs >= delayMs
    for (const held of this.#held) if (isOver(held)) this.#waiting.push(held.fault)
    this.#held = this.#held.filter((held) => !isOver(held))
  }

  #attempt(fault: Fault): Status | 'wait' | 'held' {
    const { container } = fault
    const page = Math.floor(fault.offset / this.#context.pageBytes)
    if (container.lcd === null) return 'no_such_container'
    const isRefused = !container.writable || this.#isSealed(container)
    if (fault.access !== 'read' && isRefused) return 'access_denied'
    const level = container.sharing?.level(page) ?? 'write'
    if (level === 'none' || (level === 'read' && fault.access !== 'read')) {
      container.sharing!.hold(fault, page)
      return 'held'
    }
    const frame = container.resident.get(page)
    if (frame === undefined) return this.#bringIn(container, page, fault.access)
    if (fault.access === 'read') {
      const isOpen =
        level === 'write' && container.open.dirty.has(page) && !this.#isSealed(container)
      return this.#show(container, page, frame, isOpen ? 'write' : 'read')
    }
    return this.#showForWrite(container, page, frame)
  }

  /** Whether the container changes by commits alone. */
  #isSealed(container: PagedContainer): boolean {
    return this.#context.sealed && container.below === null
  }

  /** Whether so many frames are free and nobody's who came before; if not, so many are this fault's before those who come after it. */
  #mayHave(count: number): boolean {
    if (this.#context.reserve.free - this.#spokenFor >= count) return true
    this.#spokenFor += count
    return false
  }

  #bringIn(container: PagedContainer, page: number, access: Access): Status | 'wait' {
    const { frames, reserve } = this.#context
    const { below } = container
    if (below !== null && !below.resident.has(page)) {
      // Two frames or none: the one without the other would only be taken away again.
      if (!this.#mayHave(2)) return 'wait'
      const brought = this.#bringIn(below, page, 'read')
      if (brought !== 'ok') return brought
    }
    if (!this.#mayHave(1)) return 'wait'
    const frame = reserve.take()!
    const filled = fillFrame(this.#context, container, page, frame)
    if (filled !== 'ok') {
      reserve.put(frame)
      return filled
    }
    frames.hold(frame, container, page)
    container.resident.set(page, frame)
    if (access === 'write') container.open.dirty.add(page)
    const shown = this.#show(container, page, frame, access)
    if (shown === 'ok') return 'ok'
    container.open.dirty.delete(page)
    container.resident.delete(page)
    frames.free(frame)
    reserve.put(frame)
    return shown
  }

  #showForWrite(container: PagedContainer, page: number, frame: Frame): Status | 'wait' {
    const dirty = container.open.dirty.has(page)
    const shared = container.sharedBy(page) !== undefined
    invariant(!(dirty && shared), 'MG7: a page is not dirty in two intervals by one frame', {
      page,
    })
    if (shared || this.#context.frames.isBusy(frame))
      return this.#moveToCopy(container, page, frame)
    container.open.dirty.add(page)
    return this.#show(container, page, frame, 'write')
  }

  #show(container: PagedContainer, page: number, frame: Frame, access: Access): Status {
    const { frames, counters, pageBytes, policy, trace } = this.#context
    const status = container.lcd!.install([{ offset: page * pageBytes, frame, access }])
    invariant(
      status === 'ok' || status === 'no_such_container',
      'LD2: a resident page shows the frame the manager has for it, of its page set',
      { status, page, frame, token: container.token },
    )
    if (status === 'ok' && frames.state(frame) === frameStates.removing) {
      frames.become(frame, frameStates.shown)
      counters.add('rescues')
    }
    if (status !== 'ok') return status
    policy.referenced(frame)
    trace.event('install', page * pageBytes, frame)
    return status
  }

  /** The page lives in a fresh frame from now on; the old one stands still for whoever needs it. */
  #moveToCopy(container: PagedContainer, page: number, old: Frame): Status | 'wait' {
    const { frames, reserve, region, counters, pageBytes, trace } = this.#context
    if (!this.#mayHave(1)) return 'wait'
    const frame = reserve.take()!
    region.frameBytes(frame).set(region.frameBytes(old))
    const replaced = container.lcd!.replace({ offset: page * pageBytes, frame, access: 'write' })
    if (replaced.status !== 'ok') {
      reserve.put(frame)
      return replaced.status
    }
    frames.hold(frame, container, page)
    trace.event('install', page * pageBytes, frame)
    counters.add('copies')
    livesIn(this.#context, this.#departures, container, { page, frame, from: replaced.generation })
    return 'ok'
  }
}
