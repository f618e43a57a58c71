/**
 * Snapshots that belong to kept lines, as the kernel names them: none of these is given up, also when its container is gone. Then only
 * its place in memory is given up, and it comes back when somebody goes back to a line that it was on.
 */
import type { StateInterval, Token } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { Delta } from '../paging/delta.js'
import { clear } from '../paging/seat.js'
import type { ManagedContainer } from './managed-container.js'
import { dropDelta } from './rollback.js'
import type { UpcallParts } from './upcalls.js'

/** Whether the snapshot belongs to a kept line. Until the kernel has said so again after a start, what was written down holds. */
export function isKept({ kept, history }: ManagedContainer, interval: StateInterval): boolean {
  if (kept !== null) return kept.has(interval)
  return history?.find(interval)?.kept === true
}

/** Whether the snapshot is newer than the line, though the map has come to it: only a lagging line leaves such. */
export const isAboveLine = (
  { line, superseding }: ManagedContainer,
  interval: StateInterval,
): boolean => interval > line && interval <= superseding

/** Whether any of its snapshots does. */
export function isOfKeptLine({ kept, history }: ManagedContainer): boolean {
  if (kept !== null) return kept.size > 0
  return history?.retained.some((each) => each.kept) === true
}

/** These are all that belong to kept lines. Answers whether there is room for them. */
export function keep(
  { context, retention, pagers }: Pick<UpcallParts, 'context' | 'retention' | 'pagers'>,
  snapshots: readonly { readonly cont: Token; readonly stateInterval: StateInterval }[],
): boolean {
  const isTight = snapshots.length > 0 && retention.isTight && pagers.folding.graveyard.length === 0
  invariant(
    snapshots.every(({ stateInterval }) => stateInterval > 0),
    'MG90: the empty container needs no snapshot',
    { snapshots: snapshots.length },
  )
  const of = new Map<Token, Set<StateInterval>>()
  for (const { cont, stateInterval } of snapshots)
    of.set(cont, (of.get(cont) ?? new Set()).add(stateInterval))
  for (const container of context.containers.values())
    container.kept = of.get(container.token) ?? new Set()
  retention.noteKept()
  // What had no room may have it soon.
  pagers.folding.retry()
  return !isTight
}

/** The container is gone, and a kept line may bring it back: what is only in memory leaves, maps and histories stay. */
export function unseat({ context, pagers, layer }: UpcallParts, container: ManagedContainer): void {
  layer.forget(container)
  clear(pagers.pager, container, 'no_such_container')
  dropDelta(context, pagers, container.open)
  container.open = new Delta()
  while (container.versions.at(-1)?.recoverable === false)
    dropDelta(context, pagers, container.versions.pop()!)
  invariant(container.resident.size === 0, 'MG91: what is gone has no page in memory', {
    token: container.token,
  })
  container.lcd = null
  container.capability = null
}
