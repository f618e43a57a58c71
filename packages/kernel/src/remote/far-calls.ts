/**
 * Calls of loci of this machine that other machines answer by letters. The locus waits, quiet and not at rest, so its container is captured
 * when the answer is there, or nobody waits for it any more.
 */
import type { PortId, Generation } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { Support } from './support.js'

/** How a call ended. `end` is a status. */
export interface CallEnd {
  readonly end: string
  readonly detail: string
  readonly block: Uint8Array
}

export interface FarCall {
  readonly port: PortId
  readonly generation: Generation
  readonly deadlineMs: number
  /** Nil: no answer came in time. */
  readonly done: (end: CallEnd | null) => void
}

/** Calls of one session, and of a session’s beginning until the next. */
const callStride = 1_000_000_000

export class FarCalls {
  readonly #pending = new Map<number, FarCall>()
  /** What managers have said of invocations from here, by the slot of the stand-in. */
  readonly supports = new Map<number, Support>()
  #count = 0

  /** A number that no other call of the machine has, in this life or another. */
  begin(session: number, call: FarCall): number {
    this.#count++
    invariant(this.#count < callStride && session >= 0, 'LO141: a call has a number of its own', {
      session,
      count: this.#count,
    })
    const number = session * callStride + this.#count
    this.#pending.set(number, call)
    return number
  }

  /** Takes a call out; null: nobody waits for it any more. */
  take(number: number): FarCall | null {
    const call = this.#pending.get(number) ?? null
    this.#pending.delete(number)
    return call
  }

  /** Those whose time is over, taken out; and when the next one’s is. */
  expire(nowMs: number): { readonly over: readonly FarCall[]; readonly nextMs: number } {
    const over: FarCall[] = []
    let nextMs = Infinity
    for (const [number, call] of this.#pending) {
      if (call.deadlineMs <= nowMs) {
        over.push(call)
        this.#pending.delete(number)
      } else nextMs = Math.min(nextMs, call.deadlineMs)
    }
    return { over, nextMs }
  }
}

/** The call has its answer. Of a thread that is gone nobody waits, and another may have its port. */
export function endCall(machine: Machine, number: number, end: CallEnd): void {
  const call = machine.farCalls.take(number)
  if (call !== null && machine.loci.speaking(call.port, call.generation) !== null) call.done(end)
}

/** Ends calls whose deadline has passed; milliseconds until the next one does. */
export function expireCalls(machine: Machine): number {
  const nowMs = machine.clock.nowMs()
  const { over, nextMs } = machine.farCalls.expire(nowMs)
  for (const call of over)
    if (machine.loci.speaking(call.port, call.generation) !== null) call.done(null)
  return nextMs - nowMs
}
