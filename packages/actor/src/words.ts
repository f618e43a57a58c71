/**
 * Steps on shared 32-bit words. Code that relies on their order is written over this interface: on threads it is
 * `Atomics` itself, in the simulator each call is a scheduling point. Indexes count words from the region's start.
 */
export interface Words {
  load(index: number): number
  store(index: number, value: number): void
  exchange(index: number, value: number): number
  /** Stores `value` if the word holds `expected`; answers what it held. */
  compareExchange(index: number, expected: number, value: number): number
  add(index: number, value: number): number
  or(index: number, bits: number): number
  and(index: number, bits: number): number
  /** Sleeps while the word holds `expected`, at most `timeoutMs`. */
  wait(index: number, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out'
  /** Wakes up to `most` sleepers; answers how many. */
  notify(index: number, most: number): number
}

/** The words of a region on real threads. */
export class AtomicWords implements Words {
  readonly #view: Int32Array<SharedArrayBuffer>

  constructor(view: Int32Array<SharedArrayBuffer>) {
    this.#view = view
  }

  load(index: number): number {
    return Atomics.load(this.#view, index)
  }

  store(index: number, value: number): void {
    Atomics.store(this.#view, index, value)
  }

  exchange(index: number, value: number): number {
    return Atomics.exchange(this.#view, index, value)
  }

  compareExchange(index: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#view, index, expected, value)
  }

  add(index: number, value: number): number {
    return Atomics.add(this.#view, index, value)
  }

  or(index: number, bits: number): number {
    return Atomics.or(this.#view, index, bits)
  }

  and(index: number, bits: number): number {
    return Atomics.and(this.#view, index, bits)
  }

  wait(index: number, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    return Atomics.wait(this.#view, index, expected, timeoutMs)
  }

  notify(index: number, most: number): number {
    return Atomics.notify(this.#view, index, most)
  }
}
