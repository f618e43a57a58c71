/**
 * A drain: no tree of invocations begins, and those under way end. Then nothing crosses the cut of the next epoch, and it becomes the line.
 * It holds everybody up, so it is timed, has a limit, and where it reached that there is none for a while.
 */
import { invariant, type Script } from '@katydid/actor'
import { isAuditCopy } from '../container/container.js'
import type { Machine } from '../machine.js'
import { isAtRest } from './gate.js'
import { noteDrainGivenUp } from './lagging.js'

/** How long a drain may hold the world. */
const drainMs = 2_000
/** After a drain that did not end in time there is none for so long, unless the line catches up before. */
const drainPauseMs = 30_000

/** Waits, with the machine's gate shut, until nothing moves; false when that took too long, or comes to nothing. */
export function* drain(machine: Machine, interrupted: () => boolean): Script<boolean> {
  const { captures, clock } = machine
  invariant(captures.rendezvous !== null, 'SI57: a drain is part of an epoch', {})
  const beganMs = clock.nowMs()
  const users = machine.containers.live().filter((each) => !each.selfManaged && !isAuditCopy(each))
  const isOver = (): boolean => users.every((each) => isAtRest(machine, each))
  yield* machine.waits.until(() => interrupted() || isOver(), drainMs)
  const hasEnded = isOver()
  const isGivenUp = !hasEnded && !interrupted()
  note(machine, clock.nowMs() - beganMs, isGivenUp)
  if (isGivenUp) {
    captures.drainsAgainMs = clock.nowMs() + drainPauseMs
    noteDrainGivenUp(
      machine,
      users.filter((each) => !isAtRest(machine, each)),
    )
  }
  return hasEnded
}

function note(machine: Machine, ms: number, isGivenUp: boolean): void {
  const { captures, counters } = machine
  const { count, totalMs, maxMs, givenUp } = captures.drains
  invariant(ms >= 0 && givenUp <= count, 'SI83: drains are counted and timed', { ms, count })
  captures.drains = {
    count: count + 1,
    totalMs: totalMs + ms,
    maxMs: Math.max(maxMs, ms),
    givenUp: givenUp + (isGivenUp ? 1 : 0),
  }
  const us = Math.round(ms * 1000)
  counters.add('drains')
  counters.add('drainUs', us)
  counters.max('drainMaxUs', us)
  if (isGivenUp) counters.add('drainsGivenUp')
  machine.report({ kind: 'drained', drainUs: us, isGivenUp })
}
