/** What a machine knows of its calls on another: which are under way, which are settled, and what became of that machine. */
import type { PortId, Refusal } from '@katydid/abi'
import type { LinkEnd } from './call-message.js'

/** A packed request and where it goes. */
export interface OutgoingCall {
  readonly port: PortId
  readonly from: PortId
  /** Incarnation of the actor that calls. */
  readonly generation: number
  readonly body: Uint8Array
  readonly deadlineMs: number
  /** Sent also before the peer was let in: its hello. */
  readonly isHello?: boolean
}

export type CallOutcome =
  | { readonly status: 'ok'; readonly ended: LinkEnd; readonly body: Uint8Array }
  | Refusal<'unreachable' | 'too_large'>

/** A call that has not ended. */
export interface UnderWay extends OutgoingCall {
  readonly onEnd: (outcome: CallOutcome) => void
  readonly deadline: number
  nextTryMs: number
  pauseMs: number
  sent: boolean
}

/** What is known of a machine that calls are made on. */
export interface Callee {
  state: 'unknown' | 'heard' | 'silent' | 'refused'
  isOpen: boolean
  why: string
  next: number
  below: number
  readonly calls: Map<number, UnderWay>
  readonly settled: number[]
}

export const newCallee = (): Callee => ({
  state: 'unknown',
  isOpen: false,
  why: '',
  next: 1,
  below: 1,
  calls: new Map(),
  settled: [],
})

/** The call has ended: its number is settled, and with it perhaps all below a higher one. */
export function settle(callee: Callee, number: number): void {
  callee.calls.delete(number)
  callee.settled.push(number)
  while (callee.below < callee.next && !callee.calls.has(callee.below)) callee.below += 1
}
