/**
 * A locus's way from the container it is in (the host) to one that supplies pages by a mapping: when it is shut, and what passes through
 * it. A store is a message from the host to the supplier, a read one from the interval of the supplier in which the page was last
 * written.
 *
 * The first access to each page after a capture of either is noted. A page that was read may be written afterwards and read
 * again, which nobody sees; so before the locus rests, leaves the host or waits for a cut of the supplier, the stamps of all
 * noted pages are looked at again.
 */
import { actorPorts, bellBits, containerGates, type Access, type ContainerSlot } from '@katydid/abi'
import { invariant, ringPort, type Region } from '@katydid/actor'
import { receive, receivedFrom, stampOf } from './receipt.js'
import { isOfPresentPeriod, writtenIn } from './stamp.js'

/** How a locus waits at a crossing. */
export interface Way {
  /** The container that the locus is in. */
  readonly host: ContainerSlot
  /** Parks quiet until `done()`, at most `mostMs`, and comes back; says whether it came to be. */
  hold(done: () => boolean, mostMs: number): boolean
}

export class Crossing {
  readonly host: ContainerSlot
  readonly supplier: ContainerSlot
  readonly #region: Region
  /** Offsets of pages of the supplier that were accessed since the last capture of either. */
  readonly #pages = new Set<number>()
  /** Nothing was accessed since the stamps of all of them were looked at. */
  #settled = true
  /** Epochs of host and supplier since when pages are noted. */
  #of: readonly [number, number]
  /** Which container of that slot the pages are of. */
  #generation: number
  /** Epoch of the host in which it waits for the supplier's capture no more. */
  #letIn = 0

  constructor(region: Region, host: ContainerSlot, supplier: ContainerSlot) {
    invariant(host !== supplier, 'SI92: a mapping leads to another container', { host })
    this.#region = region
    this.host = host
    this.supplier = supplier
    this.#of = this.#epochs()
    this.#generation = this.#word(supplier, 'generation')
  }

  /** Whether the supplier is being cut or goes back. Looked at after a generation of it was acknowledged; then nothing of it is accessed. */
  isShut(): boolean {
    return this.#word(this.supplier, 'gate') === containerGates.cutting
  }

  /** The locus stays out from now on: who cuts the supplier is told. */
  stayOut(): void {
    this.settle()
    ringPort(this.#region, actorPorts.kernel, bellBits.mail)
  }

  /** The locus may go on. True when either was captured: everything is to be noted anew. */
  goOn(): boolean {
    const of = this.#epochs()
    const isAnew =
      of[0] !== this.#of[0] ||
      of[1] !== this.#of[1] ||
      this.#word(this.supplier, 'generation') !== this.#generation
    if (isAnew) {
      this.settle()
      this.#pages.clear()
      this.#of = of
      this.#generation = this.#word(this.supplier, 'generation')
    }
    this.#settled = false
    return isAnew
  }

  /**
   * Whether a store must wait: the host was captured in an epoch in which the supplier is still to be, and what is stored from
   * now on should not be in that capture.
   */
  mustWait(): boolean {
    if (this.#word(this.supplier, 'gate') !== containerGates.shut) return false
    const epoch = messageEpoch(this.#region, this.host)
    return epoch > messageEpoch(this.#region, this.supplier) && epoch > this.#letIn
  }

  /** It has waited long enough. */
  letIn(): void {
    this.#letIn = messageEpoch(this.#region, this.host)
  }

  /** The first access to the page at `offset` of the supplier, before it is made. */
  note(offset: number, access: Access): void {
    const { pageBytes } = this.#region.plan.shape
    invariant(offset % pageBytes === 0, 'SI92: pages are noted, not bytes', { offset })
    this.#pages.add(offset)
    if (access !== 'read') {
      const stamp = stampOf(this.#region, this.host)
      if (receivedFrom(this.#region, this.supplier, this.host) < stamp.interval)
        receive(this.#region, this.supplier, stamp)
    }
    this.#receive(writtenIn(this.#region, this.supplier, offset))
  }

  /** Whatever was read of the noted pages was written before: their stamps are looked at again. */
  settle(): void {
    if (this.#settled || this.#pages.size === 0) return
    this.#settled = true
    // The slot is another's by now: the end of who supplied the pages is on the line, and whatever it did before.
    if (this.#word(this.supplier, 'generation') !== this.#generation) return
    // A full barrier: what was read plainly was read before the stamps are.
    this.#region.words.or(this.#region.containerWord(this.host, 'ran'), 1)
    for (const offset of this.#pages) {
      const known = receivedFrom(this.#region, this.host, this.supplier)
      if (isOfPresentPeriod(this.#region, this.supplier, known)) return
      this.#receive(writtenIn(this.#region, this.supplier, offset))
    }
  }

  #receive(interval: bigint): void {
    if (interval > receivedFrom(this.#region, this.host, this.supplier))
      receive(this.#region, this.host, { sender: this.supplier, interval })
  }

  #epochs(): [number, number] {
    return [this.#word(this.host, 'epoch'), this.#word(this.supplier, 'epoch')]
  }

  #word(of: ContainerSlot, field: 'epoch' | 'gate' | 'generation'): number {
    return this.#region.words.load(this.#region.containerWord(of, field))
  }
}

/** The epoch up to which messages may be delivered to it. */
export function messageEpoch(region: Region, container: ContainerSlot): number {
  const { words, plan } = region
  invariant(container < plan.shape.maxContainers, 'SI24: messages go to containers', { container })
  return Math.max(
    words.load(region.containerWord(container, 'epoch')),
    words.load(region.containerWord(container, 'mixed')),
  )
}
