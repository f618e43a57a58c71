/** Counters of a world over the lives of its machines: those of a life that ends stay in the sum. */
import type { CounterName } from '@katydid/abi'
import type { World } from 'katydid'
import { combine } from './accounts.js'
import type { CounterSums } from './messages.js'

export class MachineLives {
  readonly #world: World
  #over: CounterSums | null = null

  constructor(world: World) {
    this.#world = world
  }

  /** To be called before a machine is ended. */
  ends(machine: number): void {
    this.#over = sum(this.#over, this.#world.counters({ machine }))
  }

  counters(): CounterSums {
    return sum(this.#over, this.#world.counters())
  }
}

function sum(over: CounterSums | null, now: CounterSums): CounterSums {
  if (over === null) return now
  const names = Object.keys(now) as CounterName[]
  return Object.fromEntries(
    names.map((name) => [name, combine(name, over[name], now[name])]),
  ) as CounterSums
}
