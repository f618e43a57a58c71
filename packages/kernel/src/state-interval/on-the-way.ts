/**
 * What keeps captures from being on the line: the disk, or another epoch. A point that is not stable waits for records and images to be
 * written, and more captures would only add to them. A point that is stable and not on the line has received what some other unit has in no
 * point yet; only another epoch brings that, so nobody may hold it back.
 */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { unitsOf } from './units.js'

/** Epochs of which something is still to become stable, rising. */
export function epochsOnTheWay(machine: Machine): number[] {
  const epochs = new Set<number>()
  for (const { history } of unitsOf(machine))
    for (const { fed, capture } of history.newer) if (!fed) epochs.add(capture.epoch)
  return [...epochs].sort((a, b) => a - b)
}

/** Whether this epoch is not on the line although all of it, and of those before, is stable. */
export function needsAnother(machine: Machine, epoch: number): boolean {
  const { captures } = machine
  invariant(epoch <= captures.epoch, 'SI25: only an epoch that began can be waited for', {
    epoch,
    newest: captures.epoch,
  })
  // A lazy world has not looked at all of its points.
  if (machine.engine.waitingCount > 0) return false
  if (captures.line >= epoch || captures.announcing || captures.rendezvous !== null) return false
  const [oldest] = epochsOnTheWay(machine)
  return oldest === undefined || oldest > epoch
}

/** The line may be so many epochs behind for want of another epoch; then the world is drained. */
const mostBehind = 2

/**
 * Whether an epoch all of which is stable is further behind than the line may be, so that each epoch brings only what the next must
 * answer. Only a drain is sure to end that; and none would end while somebody does not come to rest.
 */
export function lags(machine: Machine): boolean {
  const { captures, clock } = machine
  // A lazy world has not looked at all of its points.
  if (machine.engine.waitingCount > 0) return false
  if (captures.epoch - captures.line < mostBehind || clock.nowMs() < captures.drainsAgainMs)
    return false
  const users = machine.containers.live().filter((each) => !each.selfManaged)
  if (users.some(({ intervals }) => intervals.history.epoch < captures.epoch)) return false
  const [oldest = captures.epoch + 1] = epochsOnTheWay(machine)
  invariant(oldest > 0, 'SI3: epochs begin with 1', { oldest })
  return oldest > captures.line + 1
}
