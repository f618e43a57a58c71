/**
 * The calls that a machine makes on others. Each is sent again and again, under one number, until it is answered; it ends once, with
 * its answer or `unreachable`: at its deadline, when the other machine is silent, or when that came back as another incarnation.
 */
import { refuse, type MachineId } from '@katydid/abi'
import { packCall, unpackNumbers, type CallMessage } from './call-message.js'
import {
  newCallee,
  settle,
  type Callee,
  type CallOutcome,
  type OutgoingCall,
  type UnderWay,
} from './callee.js'
import type { Link, PeerEvent } from './link.js'
import { SettledTeller } from './settled-teller.js'

/** Calls of one machine that may be sent and not settled; the others wait for them. */
const callWindow = 8192

export class CallsOut {
  readonly #link: Link
  readonly #retryMs: number
  readonly #mostRetryMs: number
  readonly #callees = new Map<MachineId, Callee>()
  /** Told at the next turn, never from inside `call`. */
  #ended: (() => void)[] = []
  /** When a call must be looked at. */
  #lookMs = Infinity
  readonly #settled: SettledTeller

  /** A call is sent again after `retryMs`, then after twice that, up to `mostRetryMs`. */
  constructor(link: Link, retryMs = 100, mostRetryMs = 2000) {
    this.#link = link
    this.#settled = new SettledTeller(link, (machine) => this.#callee(machine))
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
      this.#settled.addNow(from)
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
    this.#settled.turn(nowMs)
    const ended = this.#ended
    this.#ended = []
    for (const tell of ended) tell()
    return this.#ended.length > 0
      ? 0
      : Math.max(0, Math.min(this.#lookMs, this.#settled.nextMs) - nowMs)
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
    settle(callee, number)
    this.#settled.add(to)
  }

  #callee(machine: MachineId): Callee {
    let callee = this.#callees.get(machine)
    if (callee === undefined) this.#callees.set(machine, (callee = newCallee()))
    return callee
  }
}
