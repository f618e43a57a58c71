/**
 * The windows of a simulated locus on its container, and on what is mapped into it: opened as they are needed, by the kernel's own answer; attached
 * and confirmed as a locus's thread does it. Only that asking is a message that the simulator carries, so a window that is no longer sure throws `Unsure`
 * instead of asking.
 */
import type { ContainerSlot, ResultOf, containerCalls } from '@katydid/abi'
import { Window, type Attachment, type AttachmentSet } from '@katydid/memory'

/** The mappings have changed under a window: it is opened anew. */
export class Unsure extends Error {}

export interface Bound {
  readonly window: Window
  readonly supplier: ContainerSlot
  /** Byte offset of the window in the locus's container, and of the same byte in its supplier. */
  readonly base: number
  readonly origin: number
}

type Opened = ResultOf<(typeof containerCalls)['windowOpen']>

export class SimWindows {
  readonly #uses: AttachmentSet
  readonly #make: (container: ContainerSlot) => Attachment
  #bound: Bound[] = []

  constructor(uses: AttachmentSet, make: (container: ContainerSlot) => Attachment) {
    this.#uses = uses
    this.#make = make
  }

  get #host(): ContainerSlot {
    return this.#uses.own.container
  }

  /** What must be read before the kernel is asked to open a window. */
  get mappings(): number {
    const { region } = this.#uses.own
    return region.words.load(region.containerWord(this.#host, 'mappings'))
  }

  find(offset: number): Bound | null {
    return (
      this.#bound.find(({ base, window }) => offset >= base && offset < base + window.length) ??
      null
    )
  }

  drop(bound: Bound): void {
    this.#bound = this.#bound.filter((each) => each !== bound)
  }

  /** As the kernel answered; `mappings` was read before it was asked. */
  bind(base: number, opened: Opened, mappings: number): Bound {
    const supplier = opened.slot as ContainerSlot
    const { origin, writable, length, table } = opened
    const attachment = this.#uses.to(supplier, () => this.#make(supplier))
    const confirm = (): never => {
      throw new Unsure()
    }
    const binding = { origin, writable, host: this.#host, mappings, confirm }
    const window = new Window(attachment, base, length, table, binding)
    const bound = { window, supplier, base, origin }
    this.#bound.push(bound)
    return bound
  }
}
