/**
 * How a logged container comes into an epoch: by its newest point, as the end of its last visit is one. So nobody waits at its gate for a
 * capture of it, nor an epoch for that capture: it only keeps the log short, and is made when the container is found empty.
 *
 * What a point may not stand for is what has happened since: a visit that is under way, whoever it is of; something of a gap; a call by
 * a capability. A container of which that is so is captured before anybody of a higher epoch comes in, like any other.
 */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { hasReceived, isAwaited } from '../state-interval/idle.js'
import { isLogged } from './level.js'
import { whyNot } from './why-not.js'

/** After so many epochs in a row in which there was no moment to capture it, it is of the next one by a capture only. */
const mostSpared = 4

/**
 * The newest epoch whose members are known: as long as somebody may still join one, what is done now has to be in it, and so no point
 * made before that stands for it.
 */
const closedEpoch = ({ captures: { epoch, rendezvous } }: Machine): number =>
  rendezvous?.joinable === true ? epoch - 1 : epoch

/** The epoch of a point that a visit is about to make: it says what the container is, now. */
export function epochOfVisit(
  machine: Machine,
  { slot, intervals: { history } }: Container,
): number {
  invariant(history.gap === null, 'SI200: in a gap no visit makes a point', { slot })
  if (isDue(history)) return history.epoch
  const epoch = Math.max(history.epoch, closedEpoch(machine))
  const word = machine.region.words.load(machine.region.containerWord(slot, 'epoch'))
  if (epoch > word) machine.containers.enterEpoch(slot, epoch)
  return epoch
}

/** Those of `pending` that are what their newest points say are of the epoch now. Nobody can join it any more. */
export function enterByPoints(machine: Machine, pending: Iterable<Container>, epoch: number): void {
  invariant(closedEpoch(machine) >= epoch, 'SI201: points stand for an epoch that is closed', {
    epoch,
  })
  for (const container of pending) {
    const { history } = container.intervals
    if (history.epoch >= epoch || !isAsItsPoint(machine, container)) continue
    history.carryOver(epoch)
    machine.containers.enterEpoch(container.slot, epoch)
  }
}

/** Whether it is of the epoch without a capture, so that nobody needs to wait for that. */
export const isInByPoint = (machine: Machine, container: Container, epoch: number): boolean =>
  isLogged(machine, container) &&
  container.intervals.history.gap === null &&
  container.intervals.history.epoch >= epoch

/** Whether its log has become long, for its captures did not come. */
const isDue = ({ spared }: { readonly spared: number }): boolean => spared >= mostSpared

/** It is to be captured in the next epoch, whoever has to wait for that. */
export function makeDue({ intervals: { history } }: Container): void {
  history.spared = mostSpared
}

function isAsItsPoint(machine: Machine, container: Container): boolean {
  const { slot, intervals } = container
  const { newest, owed } = intervals.history
  if (newest === null || owed.size > 0 || isDue(intervals.history)) return false
  if (!isLogged(machine, container) || machine.containers.hasFailed(container)) return false
  const word = (field: 'frames' | 'written'): number =>
    machine.region.words.load(machine.region.containerWord(slot, field))
  // Who comes in counts itself first: a visit that is not seen here begins after this.
  if (word('frames') !== 0) return false
  if (intervals.mustCapture || (newest.logged === null && word('written') !== 0)) return false
  if (hasReceived(machine, slot) || isAwaited(machine, slot, newest.interval)) return false
  return whyNot(machine, container, newest) === null
}
