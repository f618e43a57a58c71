/**
 * Frames between network drivers of one process, by message ports. What is posted is bytes and nothing else: the system copies them,
 * so nothing of one machine's memory is ever seen by another.
 *
 * A receiver says how many bytes it has taken; what is posted and not taken is bounded, and more is dropped.
 */
import type { MachineId } from '@katydid/abi'
import { invariant, type Carrier } from '@katydid/actor'
import type { MessagePort } from 'node:worker_threads'

interface Connection {
  readonly port: MessagePort
  /** Bytes posted that the other has not said it took. */
  waiting: number
  /** Bytes taken from it that it was not told of. */
  taken: number
}

/** Told after so many bytes. */
const tellEvery = 256 * 1024
/** A frame costs its receiver more than its bytes. */
const frameCost = 256

export class PortCarrier implements Carrier {
  readonly longestFrame = 256 * 1024
  readonly #mostWaiting: number
  readonly #onFrame: (frame: Uint8Array) => void
  readonly #connections = new Map<MachineId, Connection>()
  /** Frames dropped for want of a connection or of room; and messages that were no frames. */
  dropped = 0
  malformed = 0

  constructor(onFrame: (frame: Uint8Array) => void, mostWaiting = 32 * 1024 * 1024) {
    invariant(mostWaiting >= this.longestFrame + frameCost, 'NW14: a frame has room to wait', {
      mostWaiting,
    })
    this.#onFrame = onFrame
    this.#mostWaiting = mostWaiting
  }

  /** The port leads to that machine's driver from now on; one that led there before is closed. */
  connect(machine: MachineId, port: MessagePort): void {
    this.disconnect(machine)
    const connection: Connection = { port, waiting: 0, taken: 0 }
    this.#connections.set(machine, connection)
    port.on('message', (value: unknown) => this.#receive(connection, value))
    port.on('close', () => {
      if (this.#connections.get(machine) === connection) this.#connections.delete(machine)
    })
  }

  disconnect(machine: MachineId): void {
    this.#connections.get(machine)?.port.close()
    this.#connections.delete(machine)
  }

  send(to: MachineId, frame: Uint8Array): void {
    invariant(!(frame.buffer instanceof SharedArrayBuffer), 'NW15: what is posted shares nothing', {
      to,
    })
    invariant(frame.length <= this.longestFrame, 'NW5: what is longer than a frame is cut', { to })
    const connection = this.#connections.get(to)
    const cost = frame.length + frameCost
    if (connection === undefined || connection.waiting + cost > this.#mostWaiting) {
      this.dropped += 1
      return
    }
    connection.waiting += cost
    connection.port.postMessage(frame)
  }

  close(): void {
    for (const machine of this.#connections.keys()) this.disconnect(machine)
  }

  #receive(connection: Connection, value: unknown): void {
    if (typeof value === 'number') {
      connection.waiting = Math.max(0, connection.waiting - value)
      return
    }
    if (!(value instanceof Uint8Array) || value.buffer instanceof SharedArrayBuffer) {
      this.malformed += 1
      return
    }
    connection.taken += value.length + frameCost
    if (connection.taken >= tellEvery) {
      connection.port.postMessage(connection.taken)
      connection.taken = 0
    }
    this.#onFrame(value)
  }
}
