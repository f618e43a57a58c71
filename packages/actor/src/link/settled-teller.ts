/** Tells other machines which calls are settled, a little later than they are: the next request says most of it without a message of its own. */
import type { MachineId } from '@katydid/abi'
import { packCall, packNumbers } from './call-message.js'
import type { Callee } from './callee.js'
import type { Link } from './link.js'

/** Told after so long, or when so many numbers are settled. */
const tellAfterMs = 20
const mostUntold = 64

export class SettledTeller {
  readonly #link: Link
  readonly #calleeOf: (machine: MachineId) => Callee
  readonly #untold = new Set<MachineId>()
  #tellMs = Infinity

  constructor(link: Link, calleeOf: (machine: MachineId) => Callee) {
    this.#link = link
    this.#calleeOf = calleeOf
  }

  /** When it is next needed, by the clock of `turn`. */
  get nextMs(): number {
    return this.#tellMs
  }

  /** Something of that machine's calls is settled. */
  add(machine: MachineId): void {
    this.#untold.add(machine)
  }

  /** The machine has asked. */
  addNow(machine: MachineId): void {
    this.#untold.add(machine)
    this.#tellMs = -Infinity
  }

  turn(nowMs: number): void {
    if (this.#untold.size === 0) return
    if (this.#tellMs === Infinity) this.#tellMs = nowMs + tellAfterMs
    const isDue = nowMs >= this.#tellMs
    for (const machine of this.#untold) {
      const callee = this.#calleeOf(machine)
      if (!isDue && callee.settled.length < mostUntold) continue
      this.#tell(machine, callee)
      this.#untold.delete(machine)
    }
    if (this.#untold.size === 0) this.#tellMs = Infinity
  }

  #tell(machine: MachineId, callee: Callee): void {
    if (callee.settled.length === 0 || callee.state === 'silent') return
    const { below } = callee
    const body = packNumbers(callee.settled.splice(0))
    this.#link.send(machine, packCall({ kind: 'settled', below, body }))
  }
}
