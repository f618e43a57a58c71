/**
 * A lock for those who change a structure, and a version for those who only read it: even while nothing changes, odd
 * while something does.
 *
 * A reader takes no lock and writes nothing, so it dirties no page and waits for nobody's fault. It reads, then looks
 * whether the version is still what it was; if not, it reads again, and after a few times under the lock.
 */
import { LocusError } from '../locus-error.js'
import { fence } from './fence.js'
import type { Holder, WordMemory } from './memory.js'
import { Mutex } from './mutex.js'

/** Reads that are thrown away before a reader takes the lock. */
const attempts = 8

export class VersionedLock {
  readonly #memory: WordMemory
  readonly #version: number
  readonly #lock: Mutex

  /** The words of lock and version lie at these offsets; zeroed memory is free and unchanged. */
  constructor(holder: Holder, memory: WordMemory, lock: number, version: number) {
    this.#memory = memory
    this.#version = version
    this.#lock = new Mutex(holder, memory, lock)
  }

  /**
   * Answers what `body` reads, as it was at one moment. `body` changes nothing, may run several times, and may meet any
   * garbage: what it throws counts only when nothing has changed meanwhile.
   */
  read<T>(body: () => T): T {
    for (let i = 0; i < attempts; i++) {
      const version = this.#memory.atomicLoad(this.#version)
      if ((version & 1) !== 0) continue
      let result: T
      try {
        result = body()
      } catch (error) {
        if (this.#isStill(version)) throw error
        continue
      }
      if (this.#isStill(version)) return result
    }
    return this.#lock.with(body)
  }

  /** Runs `body`, which changes something, as `Mutex.change` does: a `LocusError` of it comes before any change. */
  change<T>(body: () => T): T {
    return this.#lock.change(() => {
      const version = this.#memory.getInt32(this.#version)
      // An exchange, not a store: what follows must not be seen before the version is odd.
      this.#memory.exchange(this.#version, version | 1)
      let result: T
      try {
        result = body()
      } catch (error) {
        if (error instanceof LocusError) this.#memory.atomicStore(this.#version, version)
        throw error
      }
      this.#memory.atomicStore(this.#version, (version + 2) | 0)
      return result
    })
  }

  #isStill(version: number): boolean {
    fence()
    return this.#memory.atomicLoad(this.#version) === version
  }
}
