/**
 * line_lagging: what a crash would cost is bounded by two epochs, unless it is said that the line lags, and who holds it. It is said as it begins,
 * when others hold it, and when it is over; while it lasts it stands in the status.
 *
 * Four things hold the line: loci that do not come to rest, for an epoch or for a drain; managers that take no snapshot; what is not stable in time; and
 * a disk that does not take the line's own record in time.
 */
import type { LineHolder } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import type { Machine } from '../machine.js'
import { lociMovingIn, lociNested } from './gate.js'
import { unannouncedUnits, unstableUnits } from './on-the-way.js'

/** A drain was given up: these containers did not come to rest. The epoch after it is the first that may not be the line. */
export function noteDrainGivenUp(machine: Machine, moving: readonly Container[]): void {
  hold(
    machine,
    machine.captures.epoch + 1,
    moving.map((each) => movingHolder(machine, each)),
  )
}

/** An epoch is over, and these containers have no point in it. */
export function noteBusy(
  machine: Machine,
  busy: ReadonlyMap<number, string>,
  refused: ReadonlyMap<number, string>,
): void {
  const holders: LineHolder[] = []
  for (const slot of busy.keys()) {
    const container = machine.containers.at(slot)
    // One that was idle when the epoch began has a point in it, whatever it has done since.
    if (container !== null && container.intervals.history.epoch < machine.captures.epoch)
      holders.push(movingHolder(machine, container))
  }
  for (const slot of refused.keys()) {
    const container = machine.containers.at(slot)
    if (container !== null)
      holders.push({ container: container.name, loci: [], because: 'no_snapshot' })
  }
  hold(machine, machine.captures.epoch, holders)
}

/** An epoch begins, and what was captured long before is not stable, or is and has not been announced. */
export function noteLate(machine: Machine): void {
  const { late } = unstableUnits(machine)
  hold(machine, machine.captures.epoch + 1, [
    ...late.map(({ name }) => ({ container: name, loci: [], because: 'not_stable' as const })),
    ...unannouncedUnits(machine).map(({ name }) => ({
      container: name,
      loci: [],
      because: 'not_announced' as const,
    })),
  ])
}

/** The line has moved: if it has come to where nobody holds it any more, that is said. */
export function noteLine(machine: Machine): void {
  const { captures } = machine
  const { lagging } = captures
  if (lagging === null || captures.line < lagging.epoch || captures.epoch - captures.line > 1)
    return
  endLag(machine)
}

/** The world is at its line. */
export function endLag(machine: Machine): void {
  const { captures, clock } = machine
  const { lagging } = captures
  if (lagging === null) return
  invariant(lagging.holders.length > 0, 'SI81: who holds the line is named', {
    epoch: lagging.epoch,
  })
  captures.lagging = null
  captures.mostPoints = 0
  // Who held it has let go, so a drain may end again.
  captures.drainsAgainMs = 0
  tell(machine, true, [], clock.nowMs() - lagging.sinceMs)
}

function hold(machine: Machine, epoch: number, holders: readonly LineHolder[]): void {
  if (holders.length === 0) return
  const { captures, clock } = machine
  const { lagging } = captures
  invariant(epoch > captures.line, 'SI81: what is on the line is held by nobody', { epoch })
  const nowMs = clock.nowMs()
  captures.lagging = { sinceMs: lagging?.sinceMs ?? nowMs, epoch, holders }
  if (lagging !== null && isSame(lagging.holders, holders)) return
  tell(machine, false, holders, nowMs - captures.lagging.sinceMs)
}

function tell(
  machine: Machine,
  isOver: boolean,
  holders: readonly LineHolder[],
  forMs: number,
): void {
  const { epoch, line } = machine.captures
  machine.report({ kind: 'line_lagging', isOver, epoch, line, holders, forMs: Math.round(forMs) })
}

const isSame = (one: readonly LineHolder[], other: readonly LineHolder[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

function movingHolder(machine: Machine, container: Container): LineHolder {
  const moving = lociMovingIn(machine, container)
  return {
    container: container.name,
    loci: moving.length > 0 ? moving : lociNested(machine),
    because: 'no_rest',
  }
}
