/**
 * A locus's use of the page table that its transactions on one container run on. It is attached while a transaction is open
 * and only then; windows on it are kept, and work again in the next transaction.
 */
import { asContainer } from '@katydid/abi'
import { ownBinding, Window, type AttachmentSet } from '@katydid/memory'
import type { LocusThread } from '../locus-thread.js'

export class OverlayUse {
  readonly uses: AttachmentSet
  readonly #windows = new Map<string, Window>()

  private constructor(uses: AttachmentSet) {
    this.uses = uses
  }

  /** Of the overlay of that number, in container slot `slot`. */
  static of(thread: LocusThread, overlay: number, slot: number): OverlayUse {
    const known = thread.overlays.get(overlay)
    if (known !== undefined) return known
    const made = new OverlayUse(thread.usesOf(asContainer(slot)))
    thread.overlays.set(overlay, made)
    return made
  }

  /** The window on [base, base + length), as asked for once already; `open` says where its entries lie. */
  window(
    base: number,
    length: number,
    open: () => { readonly table: number; readonly length: number },
  ): Window {
    const key = `${base} ${length}`
    const known = this.#windows.get(key)
    if (known !== undefined) return known
    const opened = open()
    const { own } = this.uses
    const binding = { ...ownBinding(own, base), private: true }
    const made = new Window(own, base, opened.length, opened.table, binding)
    this.#windows.set(key, made)
    return made
  }
}
