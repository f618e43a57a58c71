/** Mail under way in the simulator: one queue a pair of ports, each in order, none in any order with another. */
import { asPort, type PortId } from '@katydid/abi'

export interface Letter {
  readonly from: PortId
  readonly to: PortId
  readonly bytes: Uint8Array
  /** Virtual time at which it can arrive. */
  readonly readyAt: number
}

const key = (from: PortId, to: PortId): number => from * 1024 + to

export class SimPost {
  readonly #queues = new Map<number, Letter[]>()

  /** Posts a letter that takes `delayMs`; never before an earlier one of the same pair. */
  post(from: PortId, to: PortId, bytes: Uint8Array, now: number, delayMs: number): void {
    const at = key(from, to)
    let queue = this.#queues.get(at)
    if (queue === undefined) this.#queues.set(at, (queue = []))
    const readyAt = Math.max(now + delayMs, queue.at(-1)?.readyAt ?? 0)
    queue.push({ from, to, bytes, readyAt })
  }

  /** The first letter of each pair, whether it can arrive yet or not. */
  heads(): Letter[] {
    const heads: Letter[] = []
    for (const [first] of this.#queues.values()) if (first !== undefined) heads.push(first)
    return heads
  }

  /** Takes the first letter of a pair. */
  take(letter: Letter): void {
    this.#queues.get(key(letter.from, letter.to))?.shift()
  }

  /** Drops all letters to a port; those it sent before it died still arrive. */
  dropTo(port: PortId): void {
    for (const [at, queue] of this.#queues) if (asPort(at % 1024) === port) queue.length = 0
  }
}
