/**
 * The snapshots of one container. A snapshot counts only when it and all earlier ones of its container are stable or
 * discarded, in whatever order the reports come.
 */
import { asInterval, refuse, type Refusal, type StateInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { IntervalRecord } from '../container/container.js'

/** A snapshot was taken and has this name. */
export function openPoint(
  intervals: IntervalRecord,
  label: StateInterval,
  dependencies: ReadonlyMap<number, number>,
): void {
  invariant(label > intervals.label, 'SI1: names of snapshots rise', {
    label,
    last: intervals.label,
  })
  intervals.label = label
  intervals.points.set(label, { stable: false, discarded: false, dependencies })
}

/** The manager reports the snapshot stable; twice is ok. */
export function markStable(
  intervals: IntervalRecord,
  interval: StateInterval,
): { readonly status: 'ok' } | Refusal<'no_such_interval'> {
  if (interval === intervals.recoverable && interval !== 0) return { status: 'ok' }
  const point = intervals.points.get(interval)
  if (point === undefined) return refuse('no_such_interval', `no snapshot is named ${interval}`)
  point.stable = true
  return { status: 'ok' }
}

/** The manager has dropped the snapshot. What a snapshot that never was stable had received counts for the next. */
export function markDiscarded(
  intervals: IntervalRecord,
  interval: StateInterval,
): { readonly status: 'ok' } | Refusal<'no_such_interval' | 'most_recent_recoverable'> {
  if (interval === intervals.recoverable && interval !== 0)
    return refuse('most_recent_recoverable', `${interval} is the snapshot a crash would go back to`)
  const point = intervals.points.get(interval)
  if (point === undefined) return refuse('no_such_interval', `no snapshot is named ${interval}`)
  if (!point.stable && !point.discarded) owe(intervals, interval, point.dependencies)
  point.discarded = true
  return { status: 'ok' }
}

/** Receipts go to the next snapshot, or are owed to the one that comes. */
function owe(
  intervals: IntervalRecord,
  interval: number,
  receipts: ReadonlyMap<number, number>,
): void {
  const next = [...intervals.points.keys()]
    .filter((each) => each > interval)
    .sort((a, b) => a - b)[0]
  const point = next === undefined ? undefined : intervals.points.get(next)
  if (point === undefined) mergeInto(intervals.owed, receipts)
  else {
    const merged = new Map(point.dependencies)
    mergeInto(merged, receipts)
    point.dependencies = merged
  }
}

/** The higher interval of each sender. */
export function mergeInto(into: Map<number, number>, receipts: ReadonlyMap<number, number>): void {
  for (const [sender, interval] of receipts)
    into.set(sender, Math.max(into.get(sender) ?? 0, interval))
}

/** Whether a cut through this label can be restored as far as this container goes. */
export function counts(intervals: IntervalRecord, label: number): boolean {
  invariant(label <= intervals.label, 'SI1: a cut names a snapshot that was taken', { label })
  if (label === 0 || label <= intervals.recoverable) return true
  const point = intervals.points.get(label)
  if (point === undefined || !point.stable || point.discarded) return false
  for (const [interval, earlier] of intervals.points)
    if (interval < label && !earlier.stable && !earlier.discarded) return false
  return true
}

/** The snapshot is on the line: it is the new baseline and all earlier ones are forgotten. */
export function makeBaseline(intervals: IntervalRecord, label: number): void {
  invariant(label >= intervals.recoverable, 'SI6: a baseline never goes back', { label })
  intervals.recoverable = asInterval(label)
  for (const interval of intervals.points.keys())
    if (interval <= label) intervals.points.delete(interval)
}
