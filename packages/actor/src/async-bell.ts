/**
 * The bell of an actor that may not block its thread, because ports and sockets must reach it: parked, it waits for the bell by
 * `Atomics.waitAsync` and for whatever happens in its event loop, and the event loop runs.
 */
import { bellBits, type PortId } from '@katydid/abi'
import { bellWord } from './peers.js'
import type { Region } from './region.js'

export class AsyncBell {
  readonly #region: Region
  readonly #index: number
  /** One waiter at a time: one that is left over from an earlier park serves the next. */
  #isWaiting = false
  #isWoken = false
  #resume: (() => void) | null = null

  constructor(region: Region, port: PortId) {
    this.#region = region
    this.#index = bellWord(region, port)
  }

  /** Takes and clears the reasons, as `Bell.take` does. */
  take(): number {
    return this.#region.words.exchange(this.#index, 0) & ~bellBits.sleeping
  }

  /** Something happened in the event loop: the park under way, or the next one, ends. */
  wake(): void {
    this.#isWoken = true
    this.#resume?.()
  }

  /** Waits until somebody rings, `wake` is called or the time has passed. Whatever came since the last `take` ends it at once. */
  async park(timeoutMs: number): Promise<void> {
    const { words } = this.#region
    const { sleeping } = bellBits
    if (!this.#isWoken && words.compareExchange(this.#index, 0, sleeping) === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#resume = () => {
          clearTimeout(timer)
          resolve()
        }
        this.#wait(sleeping)
      })
      this.#resume = null
    }
    this.#isWoken = false
  }

  #wait(sleeping: number): void {
    if (this.#isWaiting) {
      // It was added when the word was the same; a ring before this line found it sleeping and has notified it.
      if (this.#region.words.load(this.#index) !== sleeping) this.#resume?.()
      return
    }
    const waiter = Atomics.waitAsync(this.#region.i32, this.#index, sleeping)
    if (!waiter.async) {
      this.#resume?.()
      return
    }
    this.#isWaiting = true
    void this.#end(waiter.value)
  }

  async #end(notified: Promise<unknown>): Promise<void> {
    await notified
    this.#isWaiting = false
    this.#resume?.()
  }
}
