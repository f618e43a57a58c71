/** The machine's loci: by number, by name, by slot. A slot is free again only when its thread was seen to have ended. */
import {
  asGeneration,
  asLocus,
  locusOfPort,
  locusStates,
  type Generation,
  type LocusSlot,
  type PortId,
} from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import type { Locus } from './locus.js'

export class LocusTable {
  readonly #region: Region
  readonly #loci = new Map<number, Locus>()
  readonly #threads: (Locus | null)[]
  #next = 1

  constructor(region: Region) {
    this.#region = region
    this.#threads = Array.from({ length: region.plan.shape.maxLoci }, () => null)
  }

  /** The number of the next locus. */
  get next(): number {
    return this.#next
  }

  /** A number for a new locus. */
  takeId(): number {
    return this.#next++
  }

  /** Numbers used before a restart are not used again. */
  raiseNext(to: number): void {
    this.#next = Math.max(this.#next, to)
  }

  all(): Locus[] {
    return [...this.#loci.values()]
  }

  /** Those whose outermost invocation has not ended. */
  live(): Locus[] {
    return this.all().filter((each) => each.end === null)
  }

  withId(id: number): Locus | null {
    return this.#loci.get(id) ?? this.#visitor(id)
  }

  /** One that is in no table of loci but has a thread, and waits for what it asks as they do. */
  #visitor(id: number): Locus | null {
    return this.threads().find((each) => each.visitor !== null && each.id === id) ?? null
  }

  named(name: string): Locus | null {
    return name === '' ? null : (this.all().find((each) => each.name === name) ?? null)
  }

  /** The locus whose present thread speaks from this port; null when that thread is of the past. */
  speaking(port: PortId, generation: Generation): Locus | null {
    const held = this.#threads[locusOfPort(port)] ?? null
    return held !== null && held.generation === generation ? held : null
  }

  /** Loci that have a thread, ended ones among them. */
  threads(): Locus[] {
    return this.#threads.filter((each) => each !== null)
  }

  add(locus: Locus): void {
    invariant(!this.#loci.has(locus.id), 'LO60: a locus’s number is its own', { id: locus.id })
    this.#loci.set(locus.id, locus)
  }

  forget(locus: Locus): void {
    invariant(this.#loci.get(locus.id) === locus, 'LO60: a locus is forgotten once', {
      id: locus.id,
    })
    this.#loci.delete(locus.id)
  }

  /** Gives the locus a slot for its thread and raises the slot's generation; null when every slot has a thread. */
  occupy(locus: Locus, wanted: LocusSlot | null): LocusSlot | null {
    const slot =
      wanted !== null && this.#threads[wanted] === null ? wanted : this.#threads.indexOf(null)
    if (slot < 0) return null
    const state = this.#region.words.load(this.#region.locusWord(asLocus(slot), 'state'))
    invariant(state === locusStates.free, 'LO60: a slot is free before it is given', {
      slot,
      state,
    })
    this.#threads[slot] = locus
    locus.slot = asLocus(slot)
    const word = this.#region.locusWord(locus.slot, 'generation')
    locus.generation = asGeneration(this.#region.words.add(word, 1) + 1)
    return locus.slot
  }

  /** The thread in this slot has ended for good; answers whose it was. */
  release(port: PortId, generation: Generation): Locus | null {
    const locus = this.speaking(port, generation)
    if (locus === null) return null
    const slot = locusOfPort(port)
    this.#threads[slot] = null
    this.#region.words.store(this.#region.locusWord(slot, 'state'), locusStates.free)
    locus.slot = null
    return locus
  }
}
