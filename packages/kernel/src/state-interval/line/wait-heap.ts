/**
 * The components that wait for a point of one unit which does not exist yet, lowest need first.
 *
 * A component waits in one place at a time, and is never changed while it waits, so nothing is ever taken from the middle.
 */
import type { Component } from './component.js'
import type { Meter } from './meter.js'

interface Waiter {
  readonly interval: number
  readonly component: Component
}

export class WaitHeap {
  readonly #heap: Waiter[] = []
  readonly #meter: Meter

  constructor(meter: Meter) {
    this.#meter = meter
  }

  get size(): number {
    return this.#heap.length
  }

  /** The component waits for a point at `interval` or later. */
  add(interval: number, component: Component): void {
    const heap = this.#heap
    const waiter = { interval, component }
    let at = heap.length
    heap.push(waiter)
    while (at > 0) {
      this.#meter.steps++
      const up = (at - 1) >> 1
      const parent = heap[up]!
      if (parent.interval <= interval) break
      heap[at] = parent
      at = up
    }
    heap[at] = waiter
  }

  /** Takes one component that a point at `interval` serves; null when there is none. */
  takeUpTo(interval: number): Component | null {
    const first = this.#heap[0]
    if (first === undefined || first.interval > interval) return null
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) this.#sink(last)
    return first.component
  }

  /** Puts a waiter where the first one was taken. */
  #sink(waiter: Waiter): void {
    const heap = this.#heap
    let at = 0
    for (let down = 1; down < heap.length; down = 2 * at + 1) {
      this.#meter.steps++
      const right = down + 1
      const least =
        right < heap.length && heap[right]!.interval < heap[down]!.interval ? right : down
      const child = heap[least]!
      if (child.interval >= waiter.interval) break
      heap[at] = child
      at = least
    }
    heap[at] = waiter
  }
}
