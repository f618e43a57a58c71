/**
 * A transaction as its body sees it: windows on the container as the transaction has it, and a holder of the locks of standard
 * structures. It is good until the body returns.
 */
import { transactionCalls } from '@katydid/abi'
import type { Window } from '@katydid/memory'
import { LocusError } from '../locus-error.js'
import type { Frame, LocusThread } from '../locus-thread.js'
import type { Registers } from '../registers.js'
import { sleepOn, wakeOn } from '../sleep.js'
import type { Holder } from '../structures/memory.js'
import type { OverlayUse } from './overlay-use.js'

export class Transaction implements Holder<Window> {
  /** As a holder of locks. */
  readonly mark: number
  /** The invocation's own: what the body stores there counts when the transaction commits, and not otherwise. */
  readonly registers: Registers
  readonly #thread: LocusThread
  readonly #frame: Frame
  readonly #number: number
  readonly #use: OverlayUse
  readonly #locks: number

  /** Made for each try of a body; a program never makes one. */
  constructor(
    parts: { readonly thread: LocusThread; readonly registers: Registers },
    frame: Frame,
    number: number,
    use: OverlayUse,
  ) {
    this.registers = parts.registers
    this.mark = parts.thread.slot + 1
    this.#thread = parts.thread
    this.#frame = frame
    this.#number = number
    this.#use = use
    this.#locks = parts.thread.region.locusWord(parts.thread.slot, 'locks')
  }

  /**
   * A window on [base, base + length) of the container as the transaction sees it; without a length up to its end within a
   * 2 GiB slab. Kept by the program it works again in its next transactions on the container, and refuses outside of
   * them. Its accesses may refuse with `conflict` or `timed_out`: let that pass, the transaction has ended. Refuses as
   * transaction_window says.
   */
  window(base = 0, length?: number): Window {
    this.#require()
    if (length === 0) throw new LocusError('too_large', 'a window has a length')
    if (length !== undefined && length % 8 !== 0)
      throw new LocusError('misaligned', `a window’s length is a multiple of 8, not ${length}`)
    return this.#use.window(base, length ?? 0, () => {
      const args = { transaction: this.#number, base, length: length ?? 0 }
      const reply = this.#thread.call(transactionCalls.transactionWindow, args)
      if (reply.status !== 'ok') throw new LocusError(reply.status, reply.detail)
      return reply
    })
  }

  lockTaken(): void {
    this.#thread.region.words.add(this.#locks, 1)
  }

  lockReleased(): void {
    this.#thread.region.words.add(this.#locks, -1)
  }

  sleep(memory: Window, offset: number, expected: number, timeoutMs: number): void {
    this.#require()
    sleepOn(this.#thread, memory, offset, expected, timeoutMs)
  }

  wake(memory: Window, offset: number, most: number): void {
    wakeOn(this.#thread, memory, offset, most)
  }

  #require(): void {
    if (this.#thread.current === this.#frame) return
    throw new LocusError('access_denied', 'the transaction has ended; begin another')
  }
}
