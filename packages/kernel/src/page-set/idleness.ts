/**
 * How many frames of each page set nobody has referenced since the last round: what pressure goes by.
 *
 * A round looks at every frame once. What no page table shows is idle; what is shown and not present has not been touched
 * since present was cleared, by the manager's hand or by the round before. A round clears present itself, by compare-exchange, so that
 * sets of managers that never look at references are measured too; the next access sets it again on its own thread.
 */
import { asPageSet, entryBits, type PageSetId } from '@katydid/abi'
import { invariant, type Clock, type Region } from '@katydid/actor'
import { frames } from '@katydid/memory'

/** Rounds are at least so far apart: each costs every page in memory a soft fault. */
const roundMs = 1_000

export class Idleness {
  readonly #region: Region
  readonly #clock: Clock
  #lastMs = -Infinity
  #idle = new Map<PageSetId, number>()

  constructor(region: Region, clock: Clock) {
    this.#region = region
    this.#clock = clock
  }

  /** Idle frames of each set as of the last round, which is now unless one was just made. */
  look(): ReadonlyMap<PageSetId, number> {
    const now = this.#clock.nowMs()
    if (now < this.#lastMs + roundMs) return this.#idle
    this.#lastMs = now
    this.#idle = new Map()
    const { words } = this.#region
    for (const frame of frames(this.#region)) {
      const owner = words.load(this.#region.frameWord(frame, 'owner'))
      if (owner <= 0 || !this.#isIdle(words.load(this.#region.frameWord(frame, 'entry')))) continue
      const set = asPageSet(owner)
      this.#idle.set(set, (this.#idle.get(set) ?? 0) + 1)
    }
    return this.#idle
  }

  /** Whether the entry at that byte address (0: none) was not touched; clears its sign of being touched. */
  #isIdle(address: number): boolean {
    if (address === 0) return true
    const index = address >> 2
    invariant(
      index > 0 && index < this.#region.plan.firstFrame >> 2,
      'PS9: an entry lies in a table',
      {
        address,
      },
    )
    const entry = this.#region.words.load(index)
    if (entry >= 0) return true
    // Its owner may change it at this moment: then that counts, and not this.
    this.#region.words.compareExchange(index, entry, entry & ~entryBits.present)
    return false
  }
}
