/**
 * Takes pages out of memory: removed from the page table in batches of one generation, and only when every locus has
 * acknowledged that are clean ones freed and dirty ones written from their frames, then freed.
 *
 * A fault makes a page stay at any moment before its frame is free. Content written here belongs to the open interval; of
 * several writes of a page in one interval the last counts.
 */
import type { Frame } from '@katydid/abi'
import { beginTransfer } from '@katydid/memory'
import { invariant } from '@katydid/actor'
import type { Candidates } from '../policies/policy.js'
import type { PagingContext } from './paging-context.js'
import type { Departures } from './departures.js'
import { frameStates } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'
import { candidatesOf } from './candidates.js'
import { settleWrite, failWrite } from './page-write.js'
import { ringFor } from './ringing.js'

interface Batch {
  readonly container: PagedContainer
  readonly generation: number
  readonly frames: readonly Frame[]
}

export class Eviction {
  readonly #context: PagingContext
  readonly #departures: Departures
  readonly #candidates: Candidates
  #batches: Batch[] = []
  #writing = 0
  /** Why the disk last refused to take a page; null since it last took one. */
  failure: 'io_error' | 'disk_full' | null = null

  constructor(context: PagingContext, departures: Departures) {
    this.#context = context
    this.#departures = departures
    this.#candidates = candidatesOf(context)
  }

  /** Frames that will be free without further doing. */
  get coming(): number {
    return (
      this.#batches.reduce((sum, batch) => sum + batch.frames.length, 0) +
      this.#writing +
      this.#departures.count
    )
  }

  /** Begins to evict up to `wanted` pages; answers how many it found. `rounds` as in `ReplacementPolicy.choose`. */
  evict(wanted: number, rounds: 1 | 2): number {
    const { frames, pageBytes } = this.#context
    const byContainer = new Map<PagedContainer, Frame[]>()
    const victims = this.#context.policy.choose(wanted, this.#candidates, rounds)
    for (const frame of victims) {
      const container = frames.container(frame)!
      invariant(container.lcd !== null, 'MG5: a resident page has a descriptor', {
        token: container.token,
      })
      const list = byContainer.get(container)
      if (list === undefined) byContainer.set(container, [frame])
      else list.push(frame)
    }
    for (const [container, list] of byContainer) {
      // The bell is asked for first: an acknowledgement between removal and asking would ring nobody.
      container.awaited++
      this.ringFor(container)
      const generation = container.lcd!.remove(list.map((frame) => frames.page(frame) * pageBytes))
      for (const frame of list) frames.become(frame, frameStates.removing, generation)
      this.#context.trace.event('discard', list.length, container.token)
      this.#batches.push({ container, generation, frames: list })
    }
    return victims.length
  }

  /** Goes on with batches that every locus has acknowledged. */
  settle(): void {
    this.#batches = this.#batches.filter((batch) => {
      if (!batch.container.lcd!.acknowledged(batch.generation)) return true
      batch.container.awaited--
      invariant(batch.container.awaited >= 0, 'ME1: every removal is awaited once', {
        token: batch.container.token,
      })
      this.#finish(batch)
      return false
    })
  }

  /** The container's page table is empty: its batches are void. */
  forget(container: PagedContainer): void {
    this.#batches = this.#batches.filter((batch) => {
      if (batch.container !== container) return true
      container.awaited--
      return false
    })
  }

  /** Has loci that acknowledge ring us while somebody waits for that, and not longer. */
  ringFor(container: PagedContainer): void {
    ringFor(this.#context.port, container)
  }

  #finish(batch: Batch): void {
    const { frames, counters } = this.#context
    const dirty: Frame[] = []
    for (const frame of batch.frames) {
      const still =
        frames.container(frame) === batch.container && frames.state(frame) === frameStates.removing
      if (!still || frames.generation(frame) !== batch.generation) continue
      const page = frames.page(frame)
      if (batch.container.open.dirty.has(page)) dirty.push(frame)
      else if (batch.container.sharedBy(page) !== undefined || frames.isBusy(frame))
        // A snapshot came between: the frame is needed until the version is written. The next fault shows it again.
        frames.become(frame, frameStates.shown)
      else {
        counters.add('discardsClean')
        this.#release(batch.container, page, frame)
      }
    }
    if (dirty.length > 0) this.#write(batch.container, dirty)
  }

  #write(container: PagedContainer, list: readonly Frame[]): void {
    const { frames, writer, pageBytes, region, counters } = this.#context
    const delta = container.open
    delta.began(writer.next)
    const pages = list.map((frame) => {
      const page = frames.page(frame)
      invariant(!frames.isBusy(frame), 'ME2: a frame is written by one transfer at a time', {
        page,
        frame,
      })
      delta.dirty.delete(page)
      delta.newest.set(page, frame)
      frames.beginWrite(frame)
      beginTransfer(region, frame)
      return {
        cont: container.token,
        stateInterval: container.openInterval,
        page,
        frame,
        content: null,
      }
    })
    delta.writing += pages.length
    this.#writing += pages.length
    counters.add('discardsDirty', pages.length)
    writer.write(pages, [], false, pageBytes, (reply) => {
      this.#writing -= pages.length
      const isFull = reply.status === 'disk_full'
      const failure = isFull ? 'disk_full' : 'io_error'
      this.failure = reply.status === 'ok' || writer.waitsForRoom ? null : failure
      for (const [index, { page, frame }] of pages.entries()) {
        frames.endWrite(frame)
        delta.writing--
        const state = frames.state(frame)
        if (reply.status === 'ok')
          settleWrite(this.#context, container, delta, page, frame, reply.places[index]!)
        else failWrite(this.#context, this.#departures, container, delta, page, frame)
        if (reply.status === 'ok' && state === frameStates.removing)
          this.#release(container, page, frame)
      }
    })
  }

  #release(container: PagedContainer, page: number, frame: Frame): void {
    invariant(container.resident.get(page) === frame, 'MG2: a page has one live frame', {
      page,
      frame,
    })
    container.resident.delete(page)
    this.#departures.leave(frame)
  }
}
