/** Counters of an actor or locus: plain float 64 words written by it alone, read by anyone for reports. */
import { counterNames, type CounterName } from '@katydid/abi'
import type { Region } from './region.js'

const index = new Map<CounterName, number>(counterNames.map((name, at) => [name, at]))

export class Counters {
  readonly #view: Float64Array
  readonly #base: number

  /** The counters of `port` (actor or locus port). */
  constructor(region: Region, port: number) {
    this.#view = region.f64
    this.#base = (region.plan.counters >> 3) + port * counterNames.length
  }

  add(name: CounterName, by = 1): void {
    const at = this.#base + index.get(name)!
    this.#view[at] = this.#view[at]! + by
  }

  set(name: CounterName, value: number): void {
    this.#view[this.#base + index.get(name)!] = value
  }

  /** Keeps the larger of the present value and `value`. */
  max(name: CounterName, value: number): void {
    const at = this.#base + index.get(name)!
    if (value > this.#view[at]!) this.#view[at] = value
  }

  get(name: CounterName): number {
    return this.#view[this.#base + index.get(name)!]!
  }

  /** All counters that are not zero. */
  read(): Partial<Record<CounterName, number>> {
    return Object.fromEntries(
      counterNames
        .map((name) => [name, this.get(name)] as const)
        .filter(([, value]) => value !== 0),
    )
  }
}
