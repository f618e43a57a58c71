/**
 * What the engine knows of one unit: its line, its points above the line in rising order, and who waits for its next ones.
 *
 * Points at or below the line are forgotten: every need for them is met by the line itself.
 */
import { invariant } from '@katydid/actor'
import type { Component } from './component.js'
import type { Meter } from './meter.js'
import { WaitHeap } from './wait-heap.js'

/** So many forgotten places at the front of the list before it is packed. */
const packAt = 32

export class Unit {
  line: number
  /** The highest interval fed. */
  newest: number
  readonly waiting: WaitHeap
  #pending: Component[] = []
  #first = 0
  readonly #meter: Meter

  constructor(line: number, meter: Meter) {
    this.line = line
    this.newest = line
    this.waiting = new WaitHeap(meter)
    this.#meter = meter
  }

  /** How many points are above the line. */
  get pendingCount(): number {
    return this.#pending.length - this.#first
  }

  /** A point above all earlier ones. */
  add(point: Component): void {
    invariant(point.interval > this.newest, 'SI42: points of a unit enter in rising order', {
      unit: point.unit,
      interval: point.interval,
      newest: this.newest,
    })
    this.newest = point.interval
    this.#pending.push(point)
  }

  /** The first point at `interval` or later, and null when there is none. Asked only above the line. */
  target(interval: number): Component | null {
    invariant(interval > this.line, 'SI40: what the line has is not looked for', { interval })
    if (interval > this.newest) return null
    let low = this.#first
    let high = this.#pending.length - 1
    while (low < high) {
      this.#meter.steps++
      const middle = (low + high) >> 1
      if (this.#pending[middle]!.interval >= interval) high = middle
      else low = middle + 1
    }
    return this.#pending[low]!
  }

  /** The line has come to `interval`: this point and all earlier ones are forgotten. */
  advance(interval: number): void {
    invariant(interval > this.line, 'SI40: the line of a unit never falls', { interval })
    this.line = interval
    while (this.#first < this.#pending.length && this.#pending[this.#first]!.interval <= interval)
      this.#first++
    if (this.#first < packAt || this.#first * 2 < this.#pending.length) return
    // Half of the places are empty by now, so each point is moved about once.
    this.#pending = this.#pending.slice(this.#first)
    this.#meter.steps += this.#pending.length
    this.#first = 0
  }
}
