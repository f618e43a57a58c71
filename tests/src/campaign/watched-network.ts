/** Several watched simulators in one order: after each thing that happens the machine in which it did is called back. */
import { SimNetwork } from '@katydid/actor'
import type { MachineId } from '@katydid/abi'
import type { WatchedSimulator } from './watched-simulator.js'

export class WatchedNetwork extends SimNetwork {
  /** Steps so far. */
  steps = 0
  /** Called after each step, with the machine in which something happened; nil: on a wire, or outside of all. */
  onStep: ((machine: MachineId | null) => void) | null = null
  readonly #watched = new Map<MachineId, WatchedSimulator>()

  /** Called by a simulator that joins. */
  watch(simulator: WatchedSimulator): void {
    this.#watched.set(simulator.machine, simulator)
  }

  override step(untilMs = Infinity): boolean {
    let happened = true
    let { acted } = this.order
    try {
      happened = super.step(untilMs)
      acted = this.order.acted
    } catch (error) {
      const thrower = [...this.#watched.values()].find(({ threwAt }) => threwAt !== null)
      if (thrower?.onError?.(error) !== true) throw error
      acted = thrower.machine
    }
    this.steps++
    if (acted !== null && this.machine(acted) !== undefined) this.#watched.get(acted)?.stepped()
    this.onStep?.(acted)
    return happened
  }
}
