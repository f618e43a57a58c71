/**
 * The overlays of a machine: page tables of their own for loci that work in transactions. One a locus and container, kept for
 * its next transaction until the locus or the container ends.
 */
import type { ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'

export interface Overlay {
  /** Never used again. */
  readonly id: number
  /** As the kernel's other records have a container: its slot and its size are what page tables need. In no table of containers. */
  readonly shadow: Container
  /** The container it lies over. */
  readonly below: Container
  /** Number of the locus. */
  readonly locus: number
  /** The transaction that is open on it; 0 none. */
  transaction: number
  /** Its locus or container has ended: its slot is free when the manager has let go of it. */
  leaving: boolean
}

export class OverlayTable {
  readonly #overlays = new Map<ContainerSlot, Overlay>()
  #lastTransaction = 0
  #lastId = 0

  /** Those that have a slot, leaving ones among them. */
  all(): Overlay[] {
    return [...this.#overlays.values()]
  }

  add(of: Pick<Overlay, 'shadow' | 'below' | 'locus'>): Overlay {
    const { slot } = of.shadow
    invariant(!this.#overlays.has(slot), 'TX7: a slot has one overlay', { slot })
    const overlay = { ...of, id: ++this.#lastId, transaction: 0, leaving: false }
    this.#overlays.set(slot, overlay)
    return overlay
  }

  remove(overlay: Overlay): void {
    const { slot } = overlay.shadow
    invariant(this.#overlays.get(slot) === overlay, 'TX7: an overlay is removed once', { slot })
    this.#overlays.delete(slot)
  }

  /** What the locus has over the container, if anything. */
  of(locus: number, below: Container): Overlay | null {
    return this.#find((each) => each.locus === locus && each.below === below)
  }

  /** The overlay of the locus's open transaction of that number. */
  running(locus: number, transaction: number): Overlay | null {
    return this.#find((each) => each.locus === locus && each.transaction === transaction)
  }

  /** Whether the locus has a transaction open. */
  isBusy(locus: number): boolean {
    return this.#find((each) => each.locus === locus && each.transaction !== 0) !== null
  }

  /** Whether a transaction is open on the container. */
  isOpenOn(below: Container): boolean {
    return this.#find((each) => each.below === below && each.transaction !== 0) !== null
  }

  /** A number that no transaction had before: the higher, the younger. */
  number(): number {
    return ++this.#lastTransaction
  }

  #find(is: (overlay: Overlay) => boolean): Overlay | null {
    return this.all().find((each) => !each.leaving && is(each)) ?? null
  }
}
