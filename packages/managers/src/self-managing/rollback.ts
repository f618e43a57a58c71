/**
 * Takes a container back: resident pages, the open delta and every version newer than the line are dropped, and a note in
 * the log makes what it holds of them void for good. Doing it twice is doing it once.
 */
import type { StateInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Context } from './context.js'
import { Delta } from '../paging/delta.js'
import type { Pager } from '../paging/pager.js'
import type { Folding } from './folding.js'
import { writeRecord } from './log-records.js'
import type { ManagedContainer } from './managed-container.js'

export interface Pagers {
  readonly pager: Pager
  readonly folding: Folding
}

/** Drops a delta: its frames leave, its blocks are needed no more, what is under way for it is thrown away. */
export function dropDelta(context: Context, pagers: Pagers, delta: Delta): void {
  invariant(!delta.dropped, 'MG10: a delta is dropped once', { interval: delta.interval })
  delta.dropped = true
  for (const frame of delta.kept.values()) pagers.pager.departures.leave(frame)
  delta.kept.clear()
  delta.dirty.clear()
  for (const place of delta.places.values()) context.store.usage.drop(place.block)
  delta.places.clear()
}

/** Whether the container can go back to `interval` by what its map shows and its versions are. */
export function canRollBack(container: ManagedContainer, interval: StateInterval): boolean {
  if (interval === container.folded || interval === 0) return true
  return container.version(interval)?.commit === 'durable'
}

/** Where a container goes back to. */
export interface Return {
  readonly interval: StateInterval
  /** The interval that is open from now on. */
  readonly open: StateInterval
  /** The newest snapshot on the line. */
  readonly recoverable: StateInterval
}

/** Goes back to `interval`. What is older stays as long as the line is there. */
export function rollBack(
  context: Context,
  pagers: Pagers,
  container: ManagedContainer,
  { interval, open, recoverable }: Return,
): void {
  invariant(canRollBack(container, interval), 'SI6: a container goes back to a stable snapshot', {
    token: container.token,
    interval,
  })
  dropDelta(context, pagers, container.open)
  container.open = new Delta()
  while (container.versions.length > 0 && container.versions.at(-1)!.interval! > interval)
    dropDelta(context, pagers, container.versions.pop()!)
  for (const version of container.versions)
    if (version.interval! <= recoverable) version.recoverable = true
  container.line = recoverable
  if (container.superseding > interval) container.superseding = interval
  pagers.folding.forget(container)
  // What an opened snapshot shows is the same in every interval.
  if (interval === 0 && container.writable && (container.folded > 0 || container.map.height > 0)) {
    // Not even what was folded counts: the container is the empty one again.
    container.folded = interval
    container.takenMs = 0
    pagers.folding.bury(container)
  }
  container.openInterval = open
  const note = writeRecord({ what: 'rolled back', token: container.token, interval, open })
  context.writer.write([], [note], false, context.pageBytes, () => {
    // Refused: the next recovery rolls back again before anything else is written.
  })
  context.counters.add('rollbacks')
  context.trace.event('rollback', container.token, interval)
}
