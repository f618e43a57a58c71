/**
 * One locus's (or manager's) use of one container: what it has acknowledged, the pattern its stores must match, and
 * what happens on a miss.
 *
 * An attachment is published (bit in `attached`, `seen` from `gen`) before its first access. It never writes an entry on
 * a hit, and never acknowledges while a view of real memory is out. A manager's attachment to its own container has
 * no locus: nobody but itself takes its pages out.
 */
import {
  entryBits,
  locusStates,
  writeMask,
  writePattern,
  type Access,
  type ContainerSlot,
  type LocusSlot,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { AccessError } from './access-error.js'
import type { AttachmentSet } from './attachment-set.js'
import { Crossing, type Way } from './crossing.js'
import { ringWaiter } from './quiescence.js'

export interface Trap {
  readonly container: ContainerSlot
  /** Exact byte offset in the container. */
  readonly offset: number
  readonly access: Access
}

/** What to do on a miss. `resolve` returns when the access is worth another try, and throws `AccessError` when it is refused. */
export interface TrapStrategy {
  resolve(trap: Trap): void
}

/** What an attachment tells its windows: the hot fields that each keeps for itself. */
export interface HotFields {
  renew(generation: number, pattern: number): void
  close(): void
  /** Nothing is noted of any page. */
  forget(): void
}

/** How long a store waits for the supplier's capture, as an invocation does. */
const mostWaitMs = 2_500
/** How long an access waits while its supplier is cut or goes back. */
const mostShutMs = 60_000
/** A bit outside the write mask: no entry ever equals it under the mask. */
const noPattern = 1

/** Answers in a row that change nothing, before the manager counts as failed. */
const rounds = 8
/** The same when pages were taken out meanwhile: what was shown may have gone again, as others want frames too. */
const roundsUnderPressure = 1000

export class Attachment {
  readonly region: Region
  readonly container: ContainerSlot
  readonly locus: LocusSlot | null
  /** Generation this thread has taken note of. */
  generation = 0
  /** What an entry must show for a store to go ahead. */
  pattern = 0
  /** Views of real memory out now. */
  pins = 0
  attached = false
  /** Of one reached by a mapping; null: the locus is in it. */
  readonly crossing: Crossing | null
  /** It is being cut, and no window on it is open. */
  shut = false
  readonly #way: Way | null
  /** Whether a generation was noticed and, because a view was out, not acknowledged. */
  #owes = false
  /** Taken back for the time of a park, while a view of another container is out. */
  #suspended = false
  #set: AttachmentSet | null = null
  readonly #strategy: TrapStrategy
  readonly #windows = new Set<HotFields>()
  readonly #gen: number
  readonly #seen: number

  constructor(
    region: Region,
    container: ContainerSlot,
    locus: LocusSlot | null,
    strategy: TrapStrategy,
    way: Way | null = null,
  ) {
    this.region = region
    this.#way = way
    this.crossing = way === null ? null : new Crossing(region, way.host, container)
    this.container = container
    this.locus = locus
    this.#strategy = strategy
    this.#gen = region.containerWord(container, 'gen')
    this.#seen = region.containerWord(container, 'seen') + (locus ?? 0)
  }

  /** Publishes the attachment. The bit comes first: a remover that misses it stored its entries before we load any. */
  attach(): void {
    invariant(!this.attached, 'ME1: an attachment is published once', { container: this.container })
    if (this.locus !== null) this.region.words.or(this.#bitWord(), this.#bit())
    this.attached = true
    this.renew()
  }

  /** Takes it back: from now on no translation of the container is used. Its windows refuse until it is attached again. */
  detach(): void {
    invariant(
      this.pins === 0,
      'ME5: no view of real memory is out when a locus leaves its container',
      { pins: this.pins },
    )
    this.settleReceipts()
    this.attached = false
    this.#suspended = false
    for (const window of this.#windows) window.close()
    if (this.locus === null) return
    this.region.words.and(this.#bitWord(), ~this.#bit())
    ringWaiter(this.region, this.container)
  }

  /** Those it goes quiet and acknowledges with. */
  joinSet(set: AttachmentSet): void {
    invariant(this.#set === null, 'ME14: an attachment is of one set', {
      container: this.container,
    })
    this.#set = set
  }

  /** Takes the attachment back until the next `renew`: the locus parks, and running for the sake of a view elsewhere. */
  suspend(): void {
    invariant(this.pins === 0, 'ME14: a container of which a view is out is not let go', {
      container: this.container,
    })
    if (this.locus === null || !this.attached || this.#suspended) return
    this.#suspended = true
    this.region.words.and(this.#bitWord(), ~this.#bit())
    ringWaiter(this.region, this.container)
  }

  /** Registers a window's hot fields and fills them. */
  join(window: HotFields): void {
    this.#windows.add(window)
    if (this.attached && !this.shut) window.renew(this.generation, this.pattern)
  }

  /** The window refuses from now on, and hears of nothing any more. */
  part(window: HotFields): void {
    const wasThere = this.#windows.delete(window)
    invariant(wasThere, 'WO70: a window is given up once', { container: this.container })
  }

  /** After coming back (state is running again): load `gen`, store `seen`, take the capture number anew; only then entries. */
  renew(): void {
    invariant(this.attached, 'ME1: an attachment is published before its first access', {
      container: this.container,
    })
    const { words } = this.region
    if (this.#suspended) {
      this.#suspended = false
      words.or(this.#bitWord(), this.#bit())
    }
    if (this.crossing === null) this.pattern = this.#presentPattern()
    this.takeNote()
    if (this.shut) return
    for (const window of this.#windows) window.renew(this.generation, this.pattern)
  }

  /** Takes note of the present generation and, unless a view is out, says so; likewise for those attached with it. Answers it. */
  acknowledge(): number {
    const generation = this.takeNote()
    this.#set?.acknowledgeOthers(this)
    return generation
  }

  /** The same for this container alone. */
  takeNote(): number {
    const { words } = this.region
    const generation = words.load(this.#gen)
    this.generation = generation
    this.#owes = this.pins > 0
    if (this.locus !== null && this.pins === 0) {
      words.store(this.#seen, generation)
      ringWaiter(this.region, this.container)
    }
    if (this.crossing !== null) this.#lookAcross(this.crossing)
    return generation
  }

  /**
   * After the generation was said: whether the supplier is being cut, and if not, its capture number. In this order (SI91): who says
   * a generation that a cut has raised finds the gate cutting, or opened behind it and the new number. With a view out nothing was
   * said, and no cut is made until it is.
   */
  #lookAcross(crossing: Crossing): void {
    this.shut = this.pins === 0 && crossing.isShut()
    if (this.shut) {
      this.pattern = noPattern
      for (const window of this.#windows) window.close()
      crossing.stayOut()
      return
    }
    this.pattern = this.#presentPattern()
    if (crossing.goOn()) for (const window of this.#windows) window.forget()
  }

  #presentPattern(): number {
    return writePattern(
      this.region.words.load(this.region.containerWord(this.container, 'capture')),
    )
  }

  /** Waits quiet while the container is cut. `frozen`: for a minute. */
  waitUntilOpen(): void {
    const { crossing } = this
    invariant(crossing !== null, 'SI91: a locus waits for a cut of what it reaches by a mapping', {
      container: this.container,
    })
    if (this.#way?.hold(() => !crossing.isShut(), mostShutMs) === false)
      throw new AccessError(
        'frozen',
        'the container that is mapped here has been captured or has gone back for a minute; try again',
      )
  }

  /** Notes the first access to a page since the last capture; false: it had to wait, so look again. */
  note(offset: number, access: Access): boolean {
    const { crossing } = this
    if (crossing === null) return true
    if (access !== 'read' && crossing.mustWait()) {
      if (this.#way?.hold(() => !crossing.mustWait(), mostWaitMs) === false) crossing.letIn()
      return false
    }
    crossing.note(offset, access)
    return true
  }

  /** What was read is received, all of it: the locus is about to rest or to leave. */
  settleReceipts(): void {
    this.crossing?.settle()
  }

  /** Holds back acknowledgement while a view of real memory is out. */
  pin(): void {
    invariant(this.attached, 'ME5: a view is of the container the locus is in', {
      container: this.container,
    })
    this.pins++
  }

  unpin(): void {
    this.pins--
    invariant(this.pins >= 0, 'ME5: every view given out is taken back once', { pins: this.pins })
    // What was noticed while the view was out was not said; what was raised and not noticed may be said now as well.
    if (this.pins === 0 && (this.#owes || this.region.i32[this.#gen] !== this.generation))
      this.acknowledge()
  }

  /**
   * Makes the entry at word `index` (page of `offset`) usable for `access` and answers it. Soft faults are settled
   * here; anything else goes to the strategy: at most eight times in a row, not counting those during which pages of the
   * container were taken out (its generation was raised), of which there may be more.
   */
  settle(index: number, offset: number, access: Access): number {
    const { words } = this.region
    if (!this.attached)
      throw new AccessError(
        'access_denied',
        'the locus has left the container this window belongs to; open a window of the container it is in',
      )
    for (let round = 0, all = 0; round < rounds && all < roundsUnderPressure;) {
      const entry = words.load(index)
      if (access === 'read' ? entry < 0 : (entry & writeMask) === this.pattern) return entry
      // Its windows are closed; who asks again waits until it has been cut.
      if (this.shut) return entry
      if (entry >= 0 && (entry & entryBits.read) !== 0) {
        // Only the clock hand took it out. Present comes back by compare-exchange: a plain store could undo a removal.
        if (words.compareExchange(index, entry, entry | entryBits.present) === entry)
          this.#noteSoftFault()
        continue
      }
      const before = this.region.words.load(this.#gen)
      this.#strategy.resolve({ container: this.container, offset, access })
      all++
      if (this.region.words.load(this.#gen) === before) round++
    }
    throw new AccessError(
      'manager_failed',
      `the manager answered ${rounds} times without giving ${access} access to offset ${offset}`,
    )
  }

  /** Whether the locus of this attachment is running; asserted where a translation is about to be used for long. */
  isRunning(): boolean {
    return (
      this.locus === null ||
      this.region.words.load(this.region.locusWord(this.locus, 'state')) === locusStates.running
    )
  }

  #noteSoftFault(): void {
    if (this.locus !== null)
      this.region.words.add(this.region.locusWord(this.locus, 'softFaults'), 1)
  }

  #bitWord(): number {
    return this.region.containerWord(this.container, 'attached') + (this.locus! >> 5)
  }

  #bit(): number {
    return 1 << (this.locus! & 31)
  }
}
