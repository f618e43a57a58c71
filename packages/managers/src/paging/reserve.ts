/**
 * The reserve: free frames of the page set, taken ahead so that a fault need not wait for an acknowledgement.
 *
 * It asks the kernel for more while the machine has free frames, says how many must be evicted otherwise, and pays back
 * what page_discard asked for before anything else.
 */
import { actorPorts, pageSetCalls, type Frame, type PageSetId } from '@katydid/abi'
import { invariant, type Clock, type Messenger, type Region } from '@katydid/actor'
import { frameStates, type FrameTable } from './frame-table.js'
import type { PagingOptions } from './paging-context.js'

/** After a refusal the kernel is not asked again for so long, unless more frames have become free. */
const askAgainMs = 250
/** After it asked for frames back it is not asked for any: they are wanted elsewhere. */
const modestMs = 1000

export class Reserve {
  readonly pageSet: PageSetId
  readonly #region: Region
  readonly #messenger: Messenger
  readonly #clock: Clock
  readonly #frames: FrameTable
  readonly #options: PagingOptions
  readonly #free: Frame[] = []
  #total = 0
  /** Frames that page_discard asked for and that are not given back yet. */
  #owed = 0
  #asking = false
  /** When it was last refused, and how many frames were free then. */
  #refusedAtMs = -Infinity
  #refusedFree = 0
  #modestUntilMs = -Infinity

  constructor(
    region: Region,
    messenger: Messenger,
    clock: Clock,
    frames: FrameTable,
    pageSet: PageSetId,
    options: PagingOptions,
  ) {
    this.#region = region
    this.#messenger = messenger
    this.#clock = clock
    this.#frames = frames
    this.pageSet = pageSet
    this.#options = options
  }

  /** Frames in the set. */
  get total(): number {
    return this.#total
  }

  get free(): number {
    return this.#free.length
  }

  get owed(): number {
    return this.#owed
  }

  get isAsking(): boolean {
    return this.#asking
  }

  /** A free frame, or null: then the fault waits until `settle` brings some. */
  take(): Frame | null {
    return this.#free.pop() ?? null
  }

  /** A frame that holds nothing any more comes back. */
  put(frame: Frame): void {
    invariant(
      this.#frames.state(frame) === frameStates.free,
      'ME1: only a frame that nobody can use is used anew',
      {
        frame,
        state: this.#frames.state(frame),
      },
    )
    this.#free.push(frame)
  }

  /** Frames that came with an answer of pageset_add. */
  receive(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#frames.own(frame, true)
      this.#total++
      this.put(frame)
    }
  }

  /** page_discard: `count` frames are wanted back. Said twice it is the same wish. */
  owe(count: number): void {
    invariant(Number.isInteger(count) && count >= 0, 'MG14: frames are asked back by number', {
      count,
    })
    this.#owed = Math.min(Math.max(this.#owed, count), this.#total)
    this.#modestUntilMs = this.#clock.nowMs() + modestMs
  }

  /** The kernel has taken the frame by force: it pays for one that was owed. */
  lost(frame: Frame): void {
    this.#frames.own(frame, false)
    this.#total--
    this.#owed = Math.max(0, Math.min(this.#owed - 1, this.#total))
    invariant(this.#total >= 0, 'MG14: no more goes than there was', { total: this.#total })
    this.#modestUntilMs = this.#clock.nowMs() + modestMs
  }

  /** How many pages to evict now, when `coming` are on their way and `waiting` faults have no frame. */
  wanted(coming: number, waiting: number): number {
    const low = Math.max(1, Math.min(this.#options.reserveLow, this.#total >> 3))
    const high = Math.max(2, Math.min(this.#options.reserveHigh, this.#total >> 2))
    const have = this.#free.length + coming
    if (have >= low + this.#owed + waiting) return 0
    return Math.min(high + this.#owed + waiting - have, this.#options.batchPages)
  }

  /** Gives back what is owed, and asks for more while the machine has some. */
  settle(): void {
    if (this.#owed > 0 && this.#free.length > 0) this.#giveBack()
    if (this.#owed === 0 && this.#isShort() && !this.#asking) this.#ask()
  }

  #isShort(): boolean {
    if (this.#free.length >= this.#options.reserveLow) return false
    if (this.#total > 0 && this.#clock.nowMs() < this.#modestUntilMs) return false
    const free = this.#machineFree()
    if (this.#clock.nowMs() < this.#refusedAtMs + askAgainMs) return free > this.#refusedFree
    return free > 0 || this.#total === 0
  }

  #machineFree(): number {
    return this.#region.words.load(this.#region.machineWord('freeFrames'))
  }

  #ask(): void {
    this.#asking = true
    const args = { pageset: this.pageSet, pageCount: this.#options.askFrames }
    this.#messenger.call(actorPorts.kernel, pageSetCalls.pageSetAdd, args, (reply) => {
      this.#asking = false
      if (reply.status === 'ok') {
        this.receive(reply.frames)
        return
      }
      this.#refusedAtMs = this.#clock.nowMs()
      this.#refusedFree = this.#machineFree()
    })
  }

  #giveBack(): void {
    const frames = this.#free.splice(0, Math.min(this.#owed, this.#free.length))
    for (const frame of frames) this.#frames.own(frame, false)
    this.#owed -= frames.length
    this.#total -= frames.length
    invariant(this.#owed >= 0 && this.#total >= 0, 'MG14: no more goes back than was asked for', {
      owed: this.#owed,
      total: this.#total,
    })
    this.#messenger.call(
      actorPorts.kernel,
      pageSetCalls.pageSetRemove,
      { pageset: this.pageSet, frames },
      (reply) => {
        invariant(reply.status !== 'bad_argument', 'PS3: frames are given back idle', { frames })
      },
    )
  }
}
