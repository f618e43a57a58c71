/**
 * What keeps captures from being on the line: the disk, or another epoch. A point that is not stable waits for records and images to be
 * written, and more captures would only add to them. A point that is stable and not on the line has received what some other unit has in no
 * point yet; only another epoch brings that, so nobody may hold it back.
 */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { waitsForOthers } from '../machines/waits-for-others.js'
import type { UnitPoint } from './history.js'
import { unitsOf, type Unit } from './units.js'

/** Visits of logged containers go to the disk by themselves, all the time: no epoch waits for them. */
const isOnTheWay = ({ fed, logged }: UnitPoint): boolean => !fed && logged === null

/** Epochs of which something is still to become stable, rising. */
export function epochsOnTheWay(machine: Machine): number[] {
  const epochs = new Set<number>()
  for (const { history } of unitsOf(machine))
    for (const point of history.newer) if (isOnTheWay(point)) epochs.add(point.capture.epoch)
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

/** What is not stable after so long is not waited for: its manager, or the disk, does not keep up. */
const settleMs = 2_000

/**
 * Units of which something that was captured is not stable yet: those that may still be waited for, and those for which that has taken too
 * long.
 */
export function unstableUnits(machine: Machine): { readonly fresh: Unit[]; readonly late: Unit[] } {
  const { captures, clock } = machine
  const fresh: Unit[] = []
  const late: Unit[] = []
  for (const unit of unitsOf(machine)) {
    // Points of a unit are fed in their order, so the first that is not is the oldest.
    const oldest = unit.history.newer.find(isOnTheWay)
    if (oldest === undefined) continue
    invariant(oldest.capture.epoch <= captures.epoch, 'SI3: points are of epochs that began', {
      epoch: oldest.capture.epoch,
    })
    const age = clock.nowMs() - captures.beganMs(oldest.capture.epoch)
    if (age < settleMs) fresh.push(unit)
    else late.push(unit)
  }
  return { fresh, late }
}

/** Units that are to be further on the line, as soon as the disk has the record that says so. */
export const unannouncedUnits = (machine: Machine): Unit[] =>
  machine.captures.announcing
    ? unitsOf(machine).filter(
        ({ unit, history }) => machine.engine.announced(unit) > (history.base?.interval ?? 0),
      )
    : []

/** Whether it will soon be known if the last epoch is on the line: it is being written. */
export const isSettling = (machine: Machine): boolean =>
  machine.captures.announcing || machine.inputs.isWanted || unstableUnits(machine).fresh.length > 0

/** Until then at the longest the next epoch is put off. */
export const mostSettleMs = settleMs

/**
 * Whether the next epoch has to be drained: all that was captured is stable, and the last epoch is not on the line all the same, so that it
 * waits for what only another has. If that one left something hanging too, there would be a third epoch to lose. Only a drain is
 * sure not to; and none would end while somebody does not come to rest.
 */
export function lags(machine: Machine): boolean {
  const { captures, clock } = machine
  // A lazy world has not looked at all of its points.
  if (machine.engine.waitingCount > 0 || unannouncedUnits(machine).length > 0) return false
  // What another machine has to make durable no drain of this one brings.
  if (waitsForOthers(machine)) return false
  if (captures.epoch === captures.line || clock.nowMs() < captures.drainsAgainMs) return false
  const users = machine.containers.live().filter((each) => !each.selfManaged)
  const isBehind = users.some(({ intervals }) => intervals.history.epoch < captures.epoch)
  // Who is named for it does not come to rest for a drain either; one that has gone back does. At a start nothing is captured that could be lost.
  if (isBehind && (captures.lagging !== null || captures.newer.length === 0)) return false
  const [oldest = captures.epoch + 1] = epochsOnTheWay(machine)
  invariant(oldest > 0, 'SI3: epochs begin with 1', { oldest })
  return oldest > captures.line + 1
}
