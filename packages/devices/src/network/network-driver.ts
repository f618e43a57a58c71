/** A network driver over any carrier, with simulated wires laid over it where they are asked for. Threads and timers are its worker's. */
import { isMachineId, type MachineId } from '@katydid/abi'
import { headOf, Random, type Clock } from '@katydid/actor'
import { NetworkCore, type NetworkOptions } from './network-core.js'
import { WireQueue } from './wire-queue.js'
import { Wires, type WirePlan } from './wires.js'

export class NetworkDriver {
  readonly core: NetworkCore
  readonly #machine: MachineId
  readonly #clock: Clock
  readonly #wires: Wires
  readonly #queue: WireQueue

  /** `seed` fixes what the wires do. */
  constructor(options: NetworkOptions, plan: WirePlan = {}, seed = 1) {
    this.#machine = options.machine
    this.#clock = options.clock
    this.#wires = new Wires(plan, new Random(seed))
    this.#queue = new WireQueue(this.#wires)
    this.core = new NetworkCore(options)
  }

  /** A frame has come: it is on the simulated wire from its sender now. */
  arrive(frame: Uint8Array): void {
    const head = headOf(frame, this.core.link.longestMessage)
    if (head === null) this.core.arrive(frame)
    else this.#queue.send(head.from, this.#machine, frame, this.#clock.nowMs())
  }

  /** Takes what has come off the wires and does what is due; answers after how many milliseconds to call it again. */
  turn(): number {
    const now = this.#clock.nowMs()
    for (const { frame } of this.#queue.takeArrived(now)) this.core.arrive(frame)
    return Math.min(this.core.turn(), this.#queue.nextMs - now)
  }

  /** Nothing from that machine arrives any more, or does again: one way, the other is the other machine's to cut. */
  cut(from: number, isCut: boolean): void {
    if (!isMachineId(from) || from === this.#machine) return
    if (isCut) this.#wires.cut(from, this.#machine)
    else this.#wires.heal(from, this.#machine)
  }

  replan(plan: WirePlan): void {
    this.#wires.replan(plan)
  }
}
