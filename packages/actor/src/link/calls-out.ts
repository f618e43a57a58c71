/**
 * The calls that a machine makes on others. Each is sent again and again, under one number, until it is answered; it ends once, with
 * its answer or `unreachable`: at its deadline, when the other machine is silent, or when that came back as another incarnation.
 */
import { refuse, type MachineId, type PortId, type Refusal } from '@katydid/abi'
import {
  packCall,
  packNumbers,
  unpackNumbers,
  type CallMessage,
  type LinkEnd,
} from './call-message.js'
import type { Link, PeerEvent } from './link.js'

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

interface UnderWay extends OutgoingCall {
  readonly onEnd: (outcome: CallOutcome) => void
  readonly deadline: number
  nextTryMs: number
  pauseMs: number
  sent: boolean
}

/** What is known of a machine that calls are made on. */
interface Callee {
  state: 'unknown' | 'heard' | 'silent' | 'refused'
  isOpen: boolean
  why: string
  next: number
  below: number
  readonly calls: Map<number, UnderWay>
  readonly settled: number[]
}

/** Calls of one machine that may be sent and not settled; the others wait for them. */
const callWindow = 8192
/** What is settled is told after so long, or when so many numbers are. */
const tellAfterMs = 20
const mostUntold = 64

export class CallsOut {
  readonly #link: Link
  readonly #retryMs: number
  readonly #mostRetryMs: number
  readonly #callees = new Map<MachineId, Callee>()
  /** Told at the next turn, never from inside `call`. */
  #ended: (() => void)[] = []
  /** When a call must be looked at. */
  #lookMs = Infinity
  /** Machines that are to be told what is settled. */
  readonly #untold = new Set<MachineId>()
  #tellMs = Infinity

  /** A call is sent again after `retryMs`, then after twice that, up to `mostRetryMs`. */
  constructor(link: Link, retryMs = 100, mostRetryMs = 2000) {
    this.#link = link
    this.#retryMs = retryMs
    this.#mostRetryMs = mostRetryMs
  }

  /** Calls that have not ended. */
  get underWay(): number {
    let count = 0
    for (const { calls } of this.#callees.values()) count += calls.size
    return count
  }

  /** Makes a call. `onEnd` comes exactly once, from `message`, `peer` or `turn`. */
  call(
    to: MachineId,
    outgoing: OutgoingCall,
    nowMs: number,
    onEnd: (outcome: CallOutcome) => void,
  ): void {
    const callee = this.#callee(to)
    if (callee.state === 'silent' || callee.state === 'refused') {
      if (outgoing.isHello !== true) {
        this.#ended.push(() => onEnd(refuse('unreachable', callee.why)))
        return
      }
    }
    const deadline = nowMs + outgoing.deadlineMs
    const call = { ...outgoing, onEnd, deadline, nextTryMs: nowMs, pauseMs: 0, sent: false }
    const number = callee.next++
    callee.calls.set(number, call)
    this.#lookMs = Math.min(this.#lookMs, deadline)
    this.#try(to, callee, number, call, nowMs)
  }

  /** The peer has been let in: calls that waited for that are sent at the next turn. */
  open(peer: MachineId): void {
    const callee = this.#callee(peer)
    callee.isOpen = true
    callee.state = 'heard'
    this.#wakeAll(callee)
  }

  /** The peer is not let in: every call on it ends, with this sentence, until it is heard anew. */
  refuse(peer: MachineId, why: string): void {
    const callee = this.#callee(peer)
    callee.state = 'refused'
    callee.why = why
    this.#endAll(peer, callee, () => true, why)
  }

  /** An answer, or numbers of calls whose answers the other still holds. */
  message(from: MachineId, message: CallMessage): void {
    const callee = this.#callee(from)
    if (message.kind === 'held') {
      for (const number of unpackNumbers(message.body))
        if (!callee.calls.has(number)) callee.settled.push(number)
      this.#untold.add(from)
      this.#tellMs = -Infinity
      return
    }
    const call = callee.calls.get(message.number)
    if (call === undefined) return
    this.#settle(from, callee, message.number)
    call.onEnd({ status: 'ok', ended: message.ended, body: message.body })
  }

  peer(event: PeerEvent): void {
    const callee = this.#callee(event.peer)
    if (event.what === 'silent') {
      callee.state = 'silent'
      callee.why = `machine ${event.peer} has been silent for too long; ask again when it is heard`
      this.#endAll(event.peer, callee, () => true, callee.why)
    } else if (event.what === 'heard') {
      callee.state = 'heard'
      this.#wakeAll(callee)
    } else {
      callee.state = 'heard'
      callee.isOpen = false
      const why = `machine ${event.peer} came back as another incarnation before it answered; whether it executed the call is not known`
      this.#endAll(event.peer, callee, ({ sent }) => sent, why)
      this.#wakeAll(callee)
    }
  }

  /** Tells of what ended, sends again what is due and says what is settled; answers when it is next needed, in milliseconds. */
  turn(nowMs: number): number {
    if (nowMs >= this.#lookMs) {
      this.#lookMs = Infinity
      for (const [to, callee] of this.#callees)
        for (const [number, call] of callee.calls) this.#look(to, callee, number, call, nowMs)
    }
    this.#tell(nowMs)
    const ended = this.#ended
    this.#ended = []
    for (const tell of ended) tell()
    return this.#ended.length > 0 ? 0 : Math.max(0, Math.min(this.#lookMs, this.#tellMs) - nowMs)
  }

  /** Says what is settled, a little later than it is: the next request says most of it without a message of its own. */
  #tell(nowMs: number): void {
    if (this.#untold.size === 0) return
    if (this.#tellMs === Infinity) this.#tellMs = nowMs + tellAfterMs
    const all = nowMs >= this.#tellMs
    for (const to of this.#untold) {
      const callee = this.#callee(to)
      if (!all && callee.settled.length < mostUntold) continue
      this.#tellSettled(to, callee)
      this.#untold.delete(to)
    }
    if (this.#untold.size === 0) this.#tellMs = Infinity
  }

  #look(to: MachineId, callee: Callee, number: number, call: UnderWay, nowMs: number): void {
    if (nowMs >= call.deadline) {
      const why = `machine ${to} did not answer within ${call.deadlineMs} ms; whether it executed the call is not known`
      this.#end(to, callee, number, call, refuse('unreachable', why))
      return
    }
    if (nowMs >= call.nextTryMs) this.#try(to, callee, number, call, nowMs)
    this.#lookMs = Math.min(this.#lookMs, call.deadline, call.nextTryMs)
  }

  /** Sends it, if the peer is there to hear it. Otherwise what changes that makes a look at all calls. */
  #try(to: MachineId, callee: Callee, number: number, call: UnderWay, nowMs: number): void {
    const mayGo = callee.state === 'heard' && (callee.isOpen || call.isHello === true)
    if (!mayGo || number - callee.below >= callWindow) {
      call.nextTryMs = Infinity
      if (mayGo) call.nextTryMs = nowMs + this.#retryMs
      return
    }
    const { below } = callee
    const message = packCall({
      ...call,
      kind: 'request',
      number,
      below,
      deadlineMs: call.deadline - nowMs,
    })
    const sent = this.#link.send(to, message)
    if (sent === 'too_long') {
      const why = `the request has ${call.body.length} bytes, more than go to another machine at once; send less`
      this.#end(to, callee, number, call, refuse('too_large', why))
      return
    }
    call.sent ||= sent === 'sent'
    call.pauseMs = Math.min(
      this.#mostRetryMs,
      call.pauseMs === 0 ? this.#retryMs : call.pauseMs * 2,
    )
    call.nextTryMs = nowMs + call.pauseMs
    this.#lookMs = Math.min(this.#lookMs, call.nextTryMs)
  }

  #endAll(to: MachineId, callee: Callee, which: (call: UnderWay) => boolean, why: string): void {
    for (const [number, call] of callee.calls)
      if (which(call)) this.#end(to, callee, number, call, refuse('unreachable', why))
  }

  /** What waited for something about the machine is tried again at the next turn. */
  #wakeAll(callee: Callee): void {
    for (const call of callee.calls.values()) if (!call.sent) call.nextTryMs = -Infinity
    this.#lookMs = -Infinity
  }

  #end(to: MachineId, callee: Callee, number: number, call: UnderWay, outcome: CallOutcome): void {
    this.#settle(to, callee, number)
    this.#ended.push(() => call.onEnd(outcome))
  }

  #settle(to: MachineId, callee: Callee, number: number): void {
    callee.calls.delete(number)
    callee.settled.push(number)
    while (callee.below < callee.next && !callee.calls.has(callee.below)) callee.below += 1
    this.#untold.add(to)
  }

  #tellSettled(to: MachineId, callee: Callee): void {
    if (callee.settled.length === 0 || callee.state === 'silent') return
    const { below } = callee
    const body = packNumbers(callee.settled.splice(0))
    this.#link.send(to, packCall({ kind: 'settled', below, body }))
  }

  #callee(machine: MachineId): Callee {
    let callee = this.#callees.get(machine)
    if (callee === undefined) {
      callee = {
        state: 'unknown',
        isOpen: false,
        why: '',
        next: 1,
        below: 1,
        calls: new Map(),
        settled: [],
      }
      this.#callees.set(machine, callee)
    }
    return callee
  }
}
