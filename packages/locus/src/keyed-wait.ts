/**
 * Waiting on container memory, keyed by container and offset, never on a frame: the page may move meanwhile.
 *
 * A waiter publishes its key, then loads the word; a notifier has stored the word, then looks at keys. So one sees the other,
 * and no wake-up is lost. The wait's number in `waitState` keeps a notifier that looked at an earlier wait from
 * ending a later one.
 */
import {
  asLocus,
  bellBits,
  locusPort,
  waitStates,
  type ContainerSlot,
  type LocusSlot,
} from '@katydid/abi'
import { ringPort, type Region } from '@katydid/actor'

const codeMask = 3

export class KeyedWait {
  readonly #region: Region
  readonly #state: number
  readonly #container: number
  readonly #offset: number
  readonly #turns: number
  #number = 0

  constructor(region: Region, locus: LocusSlot) {
    this.#region = region
    this.#state = region.locusWord(locus, 'waitState')
    this.#container = region.locusWord(locus, 'waitContainer')
    this.#offset = region.locusWord(locus, 'waitOffset') >> 1
    this.#turns = region.locusWord(locus, 'turns')
  }

  /**
   * Waits on the key if `holds()` once it is published. `park` parks until the condition it is given is true and says
   * whether it came to be.
   */
  wait(
    container: ContainerSlot,
    offset: number,
    holds: () => boolean,
    park: (woken: () => boolean) => boolean,
  ): 'ok' | 'not_equal' | 'timed_out' {
    const { words } = this.#region
    this.#number = (this.#number + 1) & 0x1fffffff
    const waiting = (this.#number << 2) | waitStates.waiting
    words.store(this.#container, container)
    this.#region.f64[this.#offset] = offset
    // After the key, which a notifier reads only when it sees this; before the word, which a notifier stores first.
    words.store(this.#state, waiting)
    let woken = false
    let held = false
    try {
      held = holds()
      woken = held && park(() => words.load(this.#state) !== waiting)
    } finally {
      // By exchange: a notifier that came in at the last moment has counted us.
      if (words.exchange(this.#state, waitStates.idle) !== waiting) woken = true
    }
    return woken ? 'ok' : held ? 'timed_out' : 'not_equal'
  }

  /** Wakes up to `most` loci that wait on the key, and answers how many. */
  notify(container: ContainerSlot, offset: number, most: number): number {
    const { words, plan } = this.#region
    // Stands between the caller's plain store of the word and the loads below, so that neither order is turned round.
    words.add(this.#turns, 1)
    let woken = 0
    for (let slot = 0; slot < plan.shape.maxLoci && woken < most; slot++) {
      const locus = asLocus(slot)
      const state = this.#region.locusWord(locus, 'waitState')
      const seen = words.load(state)
      if ((seen & codeMask) !== waitStates.waiting || !this.#isOn(locus, container, offset))
        continue
      const ended = (seen & ~codeMask) | waitStates.woken
      if (words.compareExchange(state, seen, ended) !== seen) continue
      ringPort(this.#region, locusPort(locus), bellBits.mail)
      woken++
    }
    return woken
  }

  /**
   * Ends the wait of the next locus after this one that waits on the key, and rings it once `give` has given it what it waited for;
   * says whether there was one.
   */
  handOver(
    container: ContainerSlot,
    offset: number,
    from: LocusSlot,
    give: (to: LocusSlot) => void,
  ): boolean {
    const { words, plan } = this.#region
    const { maxLoci } = plan.shape
    for (let i = 1; i <= maxLoci; i++) {
      const to = asLocus((from + i) % maxLoci)
      const state = this.#region.locusWord(to, 'waitState')
      const seen = words.load(state)
      if ((seen & codeMask) !== waitStates.waiting || !this.#isOn(to, container, offset)) continue
      const ended = (seen & ~codeMask) | waitStates.woken
      // Ended first: one that has stopped waiting is given nothing.
      if (words.compareExchange(state, seen, ended) !== seen) continue
      give(to)
      ringPort(this.#region, locusPort(to), bellBits.mail)
      return true
    }
    return false
  }

  #isOn(locus: LocusSlot, container: ContainerSlot, offset: number): boolean {
    const { words, f64 } = this.#region
    return (
      words.load(this.#region.locusWord(locus, 'waitContainer')) === container &&
      f64[this.#region.locusWord(locus, 'waitOffset') >> 1] === offset
    )
  }
}
