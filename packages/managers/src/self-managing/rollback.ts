/**
 * Takes a container back: resident pages, the open delta and every version newer than the line are dropped, and a note in
 * the log makes what it holds of them void for good. Doing it twice is doing it once.
 */
import { asContainer, type Capref, type StateInterval, type Status } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { Lcd } from '@katydid/memory'
import type { Context } from './context.js'
import { Delta } from '../paging/delta.js'
import type { Departures } from '../paging/departures.js'
import type { Eviction } from '../paging/eviction.js'
import type { Faults } from '../paging/faults.js'
import type { Folding } from './folding.js'
import { writeRecord } from './log-records.js'
import type { ManagedContainer } from './managed-container.js'

export interface Pagers {
  readonly faults: Faults
  readonly eviction: Eviction
  readonly departures: Departures
  readonly folding: Folding
}

/** Where the kernel has put the container now. */
export interface Seat {
  readonly capability: Capref
  readonly slot: number
  readonly size: number
}

/** The kernel has said where the container is: from now on its faults can be served. */
export function seat(context: Context, container: ManagedContainer, at: Seat): Lcd {
  invariant(at.size > 0 && at.slot >= 0, 'MG1: the kernel says where a container is', {
    slot: at.slot,
    size: at.size,
  })
  container.capability = at.capability
  container.size = at.size
  const lcd = Lcd.open(context.region, {
    container: asContainer(at.slot),
    manager: context.port,
    pageSet: context.reserve.pageSet,
  })
  container.lcd = lcd
  container.ringing = false
  return lcd
}

/**
 * Every frame the container held leaves, and faults that wait hear `status`. The kernel may have cleared its page tables
 * already; a page shown since, for a fault that had waited, is taken out here.
 */
export function clear(pagers: Pagers, container: ManagedContainer, status: Status): void {
  pagers.faults.refuse(container, status)
  pagers.eviction.forget(container)
  const { lcd } = container
  if (lcd === null) return
  const { pageBytes } = lcd.region.plan.shape
  const shown = [...container.resident]
    .map(([page, frame]) => ({ offset: page * pageBytes, frame }))
    .filter(({ offset, frame }) => lcd.query(offset).frame === frame)
  const generation = lcd.remove(shown.map(({ offset }) => offset))
  pagers.departures.rebase(container, generation)
  for (const frame of container.resident.values()) pagers.departures.leave(frame, generation)
  container.resident.clear()
}

/** Drops a delta: its frames leave, its blocks are needed no more, what is under way for it is thrown away. */
export function dropDelta(context: Context, pagers: Pagers, delta: Delta): void {
  invariant(!delta.dropped, 'MG10: a delta is dropped once', { interval: delta.interval })
  delta.dropped = true
  for (const frame of delta.kept.values()) pagers.departures.leave(frame)
  delta.kept.clear()
  delta.dirty.clear()
  for (const place of delta.places.values()) context.store.usage.drop(place.block)
  delta.places.clear()
}

/** Whether the container can go back to `interval`. */
export function canRollBack(container: ManagedContainer, interval: StateInterval): boolean {
  if (interval === container.folded || interval === 0) return true
  return container.version(interval)?.commit === 'durable'
}

/** Goes back to `interval`; `open` is the interval that is open from now on. */
export function rollBack(
  context: Context,
  pagers: Pagers,
  container: ManagedContainer,
  interval: StateInterval,
  open: StateInterval,
): void {
  invariant(canRollBack(container, interval), 'SI6: a container goes back to a stable snapshot', {
    token: container.token,
    interval,
  })
  dropDelta(context, pagers, container.open)
  container.open = new Delta()
  while (container.versions.length > 0 && container.versions.at(-1)!.interval! > interval)
    dropDelta(context, pagers, container.versions.pop()!)
  for (const version of container.versions) version.recoverable = true
  if (interval === 0 && container.folded > 0) {
    // Not even what was folded counts: the container is the empty one again.
    container.folded = interval
    pagers.folding.bury(container.map)
  }
  pagers.folding.forget(container)
  container.openInterval = open
  const note = writeRecord({ what: 'rolled back', token: container.token, interval, open })
  context.writer.write([], [note], false, context.pageBytes, () => {
    // Refused: the next recovery rolls back again before anything else is written.
  })
  context.counters.add('rollbacks')
}
