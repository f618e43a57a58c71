/** How a dispatcher's messages travel, and what it can see of other ports: shared memory on threads, a queue in the simulator. */
import type { Generation, PortId } from '@katydid/abi'

/** What carries messages for a dispatcher. */
export interface Transport {
  /** Sends the bytes, now or later, in order. False when no mailbox will ever take a message so long. */
  send(to: PortId, bytes: Uint8Array): boolean
  generationOf(port: PortId): Generation
  isDead(port: PortId): boolean
  /** Called for each message, for traces. */
  note?(what: 'message_in' | 'message_out' | 'answer_in', op: number, port: PortId): void
}
