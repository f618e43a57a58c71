/**
 * A version that could not be written goes into the next one, and the kernel is told that it was discarded. Only one
 * whose commit record was never sent: a commit that may stand in the log cannot be taken back.
 */
import { actorPorts, managerDowncalls } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Context } from './context.js'
import type { Departures } from '../paging/departures.js'
import type { ManagedContainer } from './managed-container.js'

/** Merges the failed version before the newest one into it, when that can be done. */
export function mergeFailed(
  context: Context,
  departures: Departures,
  container: ManagedContainer,
): void {
  const older = container.versions.at(-2)
  const newer = container.versions.at(-1)
  if (older === undefined || newer === undefined || older.failure === null) return
  if (older.writing > 0 || older.commitAttempted) return
  invariant(newer.commit === 'none', 'MG8: a version is committed after all older ones', {
    token: container.token,
  })
  invariant(older.interval! < newer.interval!, 'SI1: names of snapshots rise', {
    older: older.interval,
    newer: newer.interval,
  })
  for (const page of older.dirty) {
    const kept = older.kept.get(page)
    if (newer.dirty.has(page) || newer.places.has(page)) {
      if (kept !== undefined) departures.leave(kept)
      continue
    }
    newer.dirty.add(page)
    if (kept !== undefined) newer.kept.set(page, kept)
  }
  for (const [page, place] of older.places) {
    if (newer.places.has(page)) context.store.usage.drop(place.block)
    else newer.places.set(page, place)
  }
  newer.began(older.from)
  newer.mustList ||= older.mustList
  older.dropped = true
  container.versions.splice(container.versions.length - 2, 1)
  if (container.capability === null || older.interval === null) return
  context.messenger.call(
    actorPorts.kernel,
    managerDowncalls.snapshotDiscard,
    { cont: container.capability, stateInterval: older.interval },
    () => {
      // Refused or not, the version is gone here; a kernel that still counted on it asks for it and hears none.
    },
  )
}
