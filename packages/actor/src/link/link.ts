/**
 * One machine's way to the others. It promises at-most-once, FIFO of each pair, and a report of silence; nothing more, so that
 * a cluster's messaging engine can carry it. What is sent may be lost. Bytes are copies: nothing is shared between machines.
 */
import type { MachineId } from '@katydid/abi'

/** What became of a send: on its way, perhaps to be lost; or not sent, because the peer was not heard yet, or it is too long. */
export type Sent = 'sent' | 'not_heard' | 'too_long'

/** What is said of another machine: quiet for too long; heard again after that; there as an incarnation not known before. */
export type PeerEvent =
  | { readonly peer: MachineId; readonly what: 'silent' | 'heard' }
  | { readonly peer: MachineId; readonly what: 'anew'; readonly incarnation: number }

/** Who hears: both come from inside `arrive` or `turn` of whoever drives the link. */
export interface LinkListener {
  /** A message. The bytes are the listener's own. */
  message(from: MachineId, bytes: Uint8Array): void
  peer(event: PeerEvent): void
}

export interface Link {
  readonly machine: MachineId
  /** Of this machine; rises each time the link is started. A message is from one incarnation to one incarnation. */
  readonly incarnation: number
  /** The longest message, in bytes. */
  readonly longestMessage: number
  /** Sends a copy of the bytes to the incarnation that was heard last. */
  send(to: MachineId, bytes: Uint8Array): Sent
}

/**
 * What takes frames from machine to machine below a link: ports, sockets, a simulated wire. It may lose, repeat, delay and
 * reorder them. What it hands to `LinkCore.arrive` is nobody else's.
 */
export interface Carrier {
  /** The longest frame, in bytes, with its head. */
  readonly longestFrame: number
  /** Takes the frame, which is its own from now on; what it cannot take it drops. Never blocks, never throws. */
  send(to: MachineId, frame: Uint8Array): void
}
