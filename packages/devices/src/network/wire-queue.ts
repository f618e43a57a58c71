/** Frames that are on simulated wires, in the order in which they arrive. */
import type { MachineId } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Wires } from './wires.js'

/** A frame on its way. */
export interface InFlight {
  readonly from: MachineId
  readonly to: MachineId
  readonly frame: Uint8Array
  readonly atMs: number
}

export class WireQueue {
  readonly #wires: Wires
  /** By the time of arrival. */
  readonly #flying: InFlight[] = []

  constructor(wires: Wires) {
    this.#wires = wires
  }

  /** Puts a frame on its wire. One that comes twice comes as two frames that share nothing. */
  send(from: MachineId, to: MachineId, frame: Uint8Array, nowMs: number): void {
    const arrivals = this.#wires.arrivals(from, to, frame.length, nowMs)
    for (const [nth, atMs] of arrivals.entries())
      this.#insert({ from, to, frame: nth === 0 ? frame : new Uint8Array(frame), atMs })
  }

  /** When the next frame arrives; Infinity when none is on its way. */
  get nextMs(): number {
    return this.#flying[0]?.atMs ?? Infinity
  }

  /** Those of all pairs that have arrived and were not taken: of each pair its first. */
  arrived(nowMs: number): readonly InFlight[] {
    const firsts = new Map<number, InFlight>()
    for (const each of this.#flying) {
      if (each.atMs > nowMs) break
      const pair = each.from * 128 + each.to
      if (!firsts.has(pair)) firsts.set(pair, each)
    }
    return [...firsts.values()]
  }

  take(frame: InFlight): void {
    const at = this.#flying.indexOf(frame)
    invariant(at >= 0, 'NW11: a frame leaves its wire once', { from: frame.from, to: frame.to })
    this.#flying.splice(at, 1)
  }

  /** Takes all that have arrived, in order. */
  takeArrived(nowMs: number): readonly InFlight[] {
    const end = this.#flying.findIndex(({ atMs }) => atMs > nowMs)
    return this.#flying.splice(0, end === -1 ? this.#flying.length : end)
  }

  /** Behind all that arrive no later: those of one time keep the order in which they were sent. */
  #insert(entry: InFlight): void {
    invariant(Number.isFinite(entry.atMs), 'NW11: a frame that is not lost arrives', {
      atMs: entry.atMs,
    })
    let at = this.#flying.length
    while (at > 0 && this.#flying[at - 1]!.atMs > entry.atMs) at -= 1
    this.#flying.splice(at, 0, entry)
  }
}
