/**
 * What ties a window to the container that supplies its pages, when that is found by way of mappings: where its pages begin
 * there, whether stores are allowed, and how to make sure that it still holds.
 *
 * A window keeps its binding for life. Whenever the mappings of the container it was opened in change it is shut until the
 * kernel has confirmed the binding; if it no longer holds the window refuses for good, because what it showed is elsewhere
 * now. It is never moved: its table and generation word are constants of the hot path.
 */
import type { ContainerSlot } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { AccessError } from './access-error.js'
import type { Attachment } from './attachment.js'

export interface WindowBinding {
  /** Byte offset, in the container that supplies the pages, of the window's first byte. */
  readonly origin: number
  /** Whether capability and mappings give the right to write. */
  readonly writable: boolean
  /** The container the window was opened in; its `mappings` word says when to ask again. */
  readonly host: ContainerSlot
  /** What that word was before the kernel was asked. */
  readonly mappings: number
  /** Its pages are copies that stand for the container's only until they are committed: no view of real memory is given out. */
  readonly private?: boolean
  /** Asks whether the binding still holds; the refusal when it does not. May block, quiet meanwhile. */
  confirm(): AccessError | null
}

/** A window on a container's own pages, of which no mapping is ever asked: a manager's, or one that nothing can be mapped into. */
export function ownBinding(attachment: Attachment, base: number): WindowBinding {
  const { region, container } = attachment
  const word = region.containerWord(container, 'mappings')
  invariant(base >= 0, 'ME8: a window begins inside its container', { base })
  return {
    origin: base,
    writable: true,
    host: container,
    mappings: region.words.load(word),
    confirm: () => null,
  }
}
