/**
 * The containers whose translations one invocation uses: the one it is in, and those that supply what is mapped into it.
 *
 * They go quiet, come back and acknowledge together, because what holds a removal up is the locus, wherever it is at that
 * moment: whoever removes pages of one of them raises the others' generations too (`raiseGeneration`), and the locus, which
 * notices any of them, says so for all. Nothing here decides what may be attached to; the kernel's answer did.
 */
import type { ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Attachment } from './attachment.js'
import { ringWaiter } from './quiescence.js'

export class AttachmentSet {
  /** The container the invocation is in. */
  readonly own: Attachment
  #all: readonly Attachment[]
  #attached = false

  constructor(own: Attachment) {
    this.own = own
    this.#all = [own]
    own.joinSet(this)
  }

  /** All of them, the own first. */
  get all(): readonly Attachment[] {
    return this.#all
  }

  /** Those to suppliers of mapped regions. */
  get suppliers(): readonly Attachment[] {
    return this.#all.slice(1)
  }

  /** The attachment to `container`; `make` makes one that is not there yet, and it is published when the set is. */
  to(container: ContainerSlot, make: () => Attachment): Attachment {
    const known = this.#all.find((each) => each.container === container)
    if (known !== undefined) return known
    const made = make()
    invariant(made.container === container, 'ME14: an attachment is to the container asked for', {
      container,
    })
    this.#all = [...this.#all, made]
    made.joinSet(this)
    if (!this.#attached) return made
    // The count first: whoever raises a generation of one from now on raises those of all; what was raised before is
    // read below.
    this.#count(this.#all.length)
    made.attach()
    this.renew()
    return made
  }

  /** Publishes all of them. */
  attach(): void {
    invariant(!this.#attached, 'ME14: a set is published once', { own: this.own.container })
    this.#attached = true
    this.#count(this.#all.length)
    for (const each of this.#all) each.attach()
  }

  /** Takes all of them back. */
  detach(): void {
    invariant(this.#attached, 'ME14: what was published is taken back', {
      own: this.own.container,
    })
    for (const each of this.#all) each.detach()
    this.#attached = false
    this.#count(0)
  }

  /** After coming back: generations and patterns of all, before any entry is used. */
  renew(): void {
    for (const each of this.#all) if (each.attached) each.renew()
  }

  /** Says, besides `noticed`, what the others' generations are by now. */
  acknowledgeOthers(noticed: Attachment): void {
    for (const each of this.#all) if (each !== noticed && each.attached) each.takeNote()
  }

  /** Whether a view of real memory is out, of whichever of them. */
  get pinned(): boolean {
    return this.#all.some((each) => each.pins > 0)
  }

  /** A locus that parks with a view out stays running for that container; of all others it uses nothing meanwhile. */
  suspend(): void {
    invariant(this.pinned, 'ME14: only a view keeps a locus from going quiet', {})
    for (const each of this.#all) if (each.pins === 0) each.suspend()
  }

  /** What was read through mappings is received, all of it: the locus is about to rest. */
  settleReceipts(): void {
    for (const each of this.#all) each.settleReceipts()
  }

  /** Rings whoever waits for an acknowledgement of any of them; after `state` was stored. */
  ringWaiters(): void {
    for (const { region, container } of this.#all) ringWaiter(region, container)
  }

  #count(uses: number): void {
    const { region, locus } = this.own
    if (locus !== null) region.words.store(region.locusWord(locus, 'uses'), uses)
  }
}
