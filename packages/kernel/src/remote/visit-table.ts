/** Invocations from other machines that run here, and the threads that run them. A thread serves one after the other, and is in no capture. */
import type { Answer, Generation, locusCalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Locus, LocusEnd } from '../locus/locus.js'
import type { Waiting } from '../machines/letters.js'

type Next = (typeof locusCalls)['visitNext']

export interface Visit {
  readonly number: number
  readonly container: Container
  readonly letter: Waiting
}

/** What makes a locus one that runs invocations from other machines. */
export interface Visitor {
  visit: Visit | null
  /** Gives its thread the next one; nil: it has not asked. */
  next: ((answer: Answer<Next>) => void) | null
  idleSinceMs: number
}

export class VisitTable {
  readonly visitors = new Set<Locus & { readonly visitor: Visitor }>()
  /** Since when letters wait at a gate. */
  readonly heldMs = new WeakMap<Waiting, number>()
  /** How those end that are not run again; by whose call they are. */
  readonly fates = new Map<string, Omit<LocusEnd, 'block'>>()
  readonly losses = new Map<string, readonly number[]>()
  #next = 1

  /** A number for a visit. */
  takeNumber(): number {
    return this.#next++
  }

  /** Whether a thread runs it. */
  isUnderWay(container: Container, letter: Waiting): boolean {
    return [...this.visitors].some(
      ({ visitor: { visit } }) => visit?.container === container && visit.letter === letter,
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
