/** The calls between a machine and the others, over one link: those it makes and those it serves. No I/O; time is an argument. */
import type { MachineId } from '@katydid/abi'
import { unpackCall } from './call-message.js'
import { CallsIn, type CallServer, type Remembering } from './calls-in.js'
import { CallsOut } from './calls-out.js'
import type { Link, PeerEvent } from './link.js'

export class LinkCalls {
  readonly out: CallsOut
  readonly in: CallsIn
  /** Messages that were about no call. */
  malformed = 0

  constructor(link: Link, server: CallServer, bounds?: Remembering) {
    this.out = new CallsOut(link)
    this.in = new CallsIn(link, server, bounds)
  }

  message(from: MachineId, bytes: Uint8Array, nowMs: number): void {
    const message = unpackCall(bytes)
    if (message === null) this.malformed += 1
    else if (message.kind === 'answer' || message.kind === 'held') this.out.message(from, message)
    else this.in.message(from, message, nowMs)
  }

  peer(event: PeerEvent): void {
    if (event.what === 'anew') this.in.anew(event.peer, event.incarnation)
    this.out.peer(event)
  }

  /** Does what is due; answers after how many milliseconds to call it again. */
  turn(nowMs: number): number {
    return Math.min(this.out.turn(nowMs), this.in.turn(nowMs))
  }
}
