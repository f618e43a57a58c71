/**
 * A lock: one word of container memory. 0 free; else twice the holder's mark, plus 1 when somebody may be asleep on it.
 *
 * Waiting for it is not a safepoint: a capture waits until the holder has let go and both have come to one. A locus that
 * dies holding it leaves it held in memory that rolls back to a state in which it was free.
 */
import { systemClock } from '@katydid/actor'
import { LocusError } from '../locus-error.js'
import type { Holder, WordMemory } from './memory.js'

/** Tries before going to sleep: about as long as a short critical section lasts. */
const spins = 200
/** A holder that keeps a structure's lock this long is lost; the waiter is told instead of hanging with it. */
const patienceMs = 20_000

export class Mutex<M extends WordMemory = WordMemory> {
  readonly #holder: Holder<M>
  readonly #memory: M
  readonly #offset: number
  readonly #own: number

  /** The lock whose word lies at `offset` (a multiple of 4); zeroed memory is a free lock. */
  constructor(holder: Holder<M>, memory: M, offset: number) {
    this.#holder = holder
    this.#memory = memory
    this.#offset = offset
    this.#own = holder.mark << 1
  }

  /** Takes the lock, waiting for it. `lock_held`: the caller holds it already. `timed_out`: its holder never let go. */
  lock(): void {
    if (this.#memory.compareExchange(this.#offset, 0, this.#own) !== 0) this.#lockSlowly()
    this.#holder.lockTaken()
  }

  /** Takes the lock if it is free. */
  tryLock(): boolean {
    if (this.#memory.compareExchange(this.#offset, 0, this.#own) !== 0) return false
    this.#holder.lockTaken()
    return true
  }

  /** Releases it. `bad_argument`: the caller does not hold it; nothing changes. */
  unlock(): void {
    const memory = this.#memory
    if (memory.atomicLoad(this.#offset) >> 1 !== this.#own >> 1)
      throw new LocusError(
        'bad_argument',
        `the lock at offset ${this.#offset} is not held by this locus, so it cannot release it`,
      )
    // One exchange frees the lock and learns of sleepers: a separate load first could miss one who comes in between.
    const before = memory.exchange(this.#offset, 0)
    this.#holder.lockReleased()
    if ((before & 1) !== 0) this.#holder.wake(memory, this.#offset, 1)
  }

  /** Runs `body` with the lock held and releases it, also when `body` throws. */
  with<T>(body: () => T): T {
    this.lock()
    try {
      return body()
    } finally {
      this.unlock()
    }
  }

  /**
   * As `with`, for code that changes a structure: a `LocusError` is a refusal before any change, so the lock is released;
   * anything else came in the middle of one, so the lock stays held and the locus ends at its next safepoint or return.
   */
  change<T>(body: () => T): T {
    this.lock()
    let result: T
    try {
      result = body()
    } catch (error) {
      if (error instanceof LocusError) this.unlock()
      throw error
    }
    this.unlock()
    return result
  }

  #lockSlowly(): void {
    const memory = this.#memory
    let waitedMs = 0
    for (let i = 0; ; i++) {
      const held = memory.atomicLoad(this.#offset)
      if (held === 0) {
        // Whoever slept takes it with the sleeper's mark on: there may be others asleep of whom nobody else knows.
        const taken = i < spins ? this.#own : this.#own | 1
        if (memory.compareExchange(this.#offset, 0, taken) === 0) return
        continue
      }
      if (held >> 1 === this.#own >> 1)
        throw new LocusError(
          'lock_held',
          `this locus already holds the lock at offset ${this.#offset}; locks are not taken twice`,
        )
      if (i < spins) continue
      if (waitedMs >= patienceMs)
        throw new LocusError(
          'timed_out',
          `the lock at offset ${this.#offset} was held by ${nameOf(held >> 1)} for ${patienceMs} ms`,
        )
      // The mark goes in before the sleep, and the sleep compares with it: a release in between wakes or refuses it.
      if ((held & 1) !== 0 || memory.compareExchange(this.#offset, held, held | 1) === held) {
        const before = systemClock.nowMs()
        this.#holder.sleep(memory, this.#offset, held | 1, 1000)
        waitedMs += systemClock.nowMs() - before
      }
    }
  }
}

/** Marks of loci of other machines have the machine in their upper half. */
const nameOf = (mark: number): string =>
  `locus ${(mark & 0xffff) - 1}${mark > 0xffff ? ` of machine ${mark >> 16}` : ''}`
