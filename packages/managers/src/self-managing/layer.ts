/**
 * What may lie over the manager's paging: it sees faults before they are served, and hears when a container goes back or is
 * gone. Alone, a self-managing manager has nothing there.
 */
import type { PendingTrap } from '@katydid/memory'
import type { PagedContainer } from '../paging/paged-container.js'
import type { Pager } from '../paging/pager.js'
import type { PagingContext } from '../paging/paging-context.js'

export interface Layer {
  /** Takes what is its own out of the faults that came in. */
  sift(traps: readonly PendingTrap[]): readonly PendingTrap[]
  /** The container goes back, or is gone: nothing that lay over it is left. */
  forget(container: PagedContainer): void
  /** What is due, before faults are served; answers in how many milliseconds it wants another turn. */
  turn(): number
  /** At the end of a turn, when all else is done; answers likewise. */
  ring(): number
}

export type MakeLayer = (context: PagingContext, pager: Pager) => Layer

const none: Layer = {
  sift: (traps) => traps,
  forget: () => {},
  turn: () => Infinity,
  ring: () => Infinity,
}

export const nothing: MakeLayer = () => none
