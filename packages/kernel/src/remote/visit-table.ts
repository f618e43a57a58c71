/** Invocations from other machines that run here, and the threads that run them. A thread serves one after the other, and is in no capture. */
import type { Answer, Generation, locusCalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Locus, LocusEnd } from '../locus/locus.js'
import type { Waiting } from '../machines/letters.js'
import type { Borrowed } from './guest-table.js'
import type { Lends, Lent } from './lends.js'

type Next = (typeof locusCalls)['visitNext']

export interface Visit {
  readonly number: number
  readonly container: Container
  readonly letter: Waiting
}

/** What makes a locus one that runs invocations from other machines. */
export interface Visitor {
  visit: Visit | null
  /** One that another machine has lent to this. */
  borrowed: Borrowed | null
  /** Gives its thread the next one; nil: it has not asked. */
  next: ((answer: Answer<Next>) => void) | null
  idleSinceMs: number
}

/** Visits that are lent in one session. */
const lentStride = 1_000_000_000

export class VisitTable {
  readonly visitors = new Set<Locus & { readonly visitor: Visitor }>()
  /** Since when letters wait at a gate. */
  readonly heldMs = new WeakMap<Waiting, number>()
  /** How those end that are not run again; by whose call they are. */
  readonly fates = new Map<string, Omit<LocusEnd, 'block'>>()
  readonly losses = new Map<string, readonly number[]>()
  /** Who may have guests of which container, by its slot. */
  readonly lends = new Map<number, Lends>()
  /** Visits that run on other machines. */
  readonly lent = new Map<number, Lent>()
  /** Letters whose invocations run here in any case: they were offered, and not taken. */
  readonly kept = new WeakSet<Waiting>()
  #next = 1
  #lent = 0

  /** A number for a visit. */
  takeNumber(): number {
    return this.#next++
  }

  /** A number for a visit that is lent, which no other has, in this life of the machine or another. */
  takeLentNumber(session: number): number {
    this.#lent++
    invariant(this.#lent < lentStride, 'LO160: a visit that is lent has a number of its own', {
      session,
      lent: this.#lent,
    })
    return session * lentStride + this.#lent
  }

  /** Whether a thread runs it, here or elsewhere. */
  isUnderWay(container: Container, letter: Waiting): boolean {
    const isIt = (each: Pick<Visit, 'container' | 'letter'> | null): boolean =>
      each?.container === container && each.letter === letter
    return (
      [...this.visitors].some(({ visitor: { visit } }) => isIt(visit)) ||
      [...this.lent.values()].some(isIt)
    )
  }

  /** The call has its answer. */
  forget(letter: Waiting): void {
    this.fates.delete(nameOfCall(letter))
    this.losses.delete(nameOfCall(letter))
  }

  /** The visitor of that thread. */
  of(locus: Locus | null, generation: Generation): (Locus & { readonly visitor: Visitor }) | null {
    if (locus?.visitor == null) return null
    invariant(locus.generation === generation, 'LO150: a visitor has one thread', {
      id: locus.id,
    })
    return locus as Locus & { readonly visitor: Visitor }
  }
}

/** Whose call it is: the same after a recovery. */
export const nameOfCall = ({ unit, content }: Waiting): string => `${unit} ${content.call}`
