/**
 * The snapshots of one container's pages, as its manager reports them. A snapshot counts only when it and all earlier ones of its
 * container are stable or discarded, in whatever order the reports come.
 */
import { asInterval, refuse, type Refusal, type StateInterval } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { IntervalRecord } from '../container/container.js'

/** A snapshot is taken and has this name. */
export function openPoint(intervals: IntervalRecord, label: StateInterval): void {
  invariant(label > intervals.label, 'SI1: names of snapshots rise', {
    label,
    last: intervals.label,
  })
  intervals.label = label
  intervals.points.set(label, { stable: false, discarded: false })
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

/** The manager has dropped the snapshot. What a snapshot that never was stable had received counts for the next point. */
export function markDiscarded(
  intervals: IntervalRecord,
  interval: StateInterval,
): { readonly status: 'ok' } | Refusal<'no_such_interval' | 'most_recent_recoverable'> {
  if (interval === intervals.recoverable && interval !== 0)
    return refuse('most_recent_recoverable', `${interval} is the snapshot a crash would go back to`)
  const image = intervals.points.get(interval)
  if (image === undefined) return refuse('no_such_interval', `no snapshot is named ${interval}`)
  if (!image.stable) intervals.history.dropImage(interval)
  image.discarded = true
  return { status: 'ok' }
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
