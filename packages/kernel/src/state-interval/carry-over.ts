/**
 * Points far behind in the log are written again, so that the log can be trimmed: with the next record of a capture, or behind a root page
 * (`carry-along.ts`). A copy is the same point, of its own epoch; once its record is durable the point is found there.
 */
import { invariant } from '@katydid/actor'
import type { Container } from '../container/container.js'
import { rootOf, withChain } from '../logged/chain.js'
import { inputsRecord } from '../logged/inputs-record.js'
import { isLogged } from '../logged/level.js'
import type { Machine } from '../machine.js'
import { withTold } from '../output/with-told.js'
import type { Capture } from './capture-table.js'
import { heldFrom, type UnitPoint } from './history.js'
import type { CaptureRecord, InputsRecord, SavedPoint } from './records.js'
import { semaphoreUnit, unitsOf, type Unit } from './units.js'

/** A point whose record lies this many groups behind the log's end is written again. */
export const carryLag = 64

/** A captured point far behind, with the durable visits that others are had by. */
interface FarPoint {
  readonly unit: number
  readonly container: Container | null
  readonly chain: readonly UnitPoint[]
  /** What is known of it stands behind this log position. */
  readonly heldFrom: number
  /** More comes behind its record all the time: it is captured anew instead. */
  readonly grows: boolean
}

/** Those on the line and newer ones. */
export const farPoints = (machine: Machine): FarPoint[] =>
  unitsOf(machine).flatMap((each) => farPointsOf(machine, each))

function farPointsOf(machine: Machine, { unit, history }: Unit): FarPoint[] {
  const container = machine.containers.at(unit)
  const { base, newer, newest } = history
  const points = base === null ? newer : [base, ...newer]
  const takesMore =
    container !== null && isLogged(machine, container) && !machine.containers.hasFailed(container)
  return [...new Set(points.map((each) => rootOf(each)))].flatMap((root): FarPoint[] => {
    const ofRoot = points.filter((each) => rootOf(each) === root)
    const from = Math.min(...ofRoot.map(heldFrom))
    if (machine.log.position - from <= carryLag || !root.capture.durable) return []
    const grows = takesMore && newest !== null && rootOf(newest) === root
    // Visits that are on their way to the disk stand before a copy of those they follow on: next time all of them are copied.
    if (!grows && ofRoot.some(({ logged }) => logged?.durable === false)) return []
    const chain = withChain(ofRoot.at(-1)!)
    return [{ unit, container, chain, heldFrom: from, grows }]
  })
}

/** The record with copies of all that stands far behind. */
export function carryOver(
  machine: Machine,
  capture: Capture,
  record: CaptureRecord,
): CaptureRecord {
  const containers = [...record.containers]
  const semaphores = [...record.semaphores]
  const ended = [...record.ended]
  for (const { unit, container: its, chain, grows } of farPoints(machine)) {
    const root = chain[0]!
    if (root.capture === capture) continue
    if (grows) {
      its!.intervals.mustCapture = true
      continue
    }
    const now = { dependencies: [...root.dependencies], epoch: root.epoch }
    const { container, semaphore, end } = savedOf(machine, unit, root)
    if (container !== undefined) containers.push({ ...withTold(machine, container), ...now })
    if (semaphore !== undefined) semaphores.push({ ...semaphore, ...now })
    if (end !== undefined) ended.push({ ...end, ...now })
    capture.carried.push({ points: chain, visits: visitsOf(machine, its, chain.slice(1)) })
  }
  return { ...record, containers, semaphores, ended }
}

/** The record is durable: what was copied is found in it from now on. */
export function foundAgain(capture: Capture): void {
  invariant(capture.durable, 'DK40: a copy counts when it is durable', { id: capture.id })
  for (const { points } of capture.carried)
    for (const each of points) {
      each.capture = capture
      each.mergedFrom = undefined
    }
}

/** Whether copies are on their way to the disk: what is merged into a point meanwhile would not be in them. */
export const isCarrying = ({ captures }: Machine): boolean =>
  captures.announcing || captures.newer.some((each) => !each.durable && each.carried.length > 0)

/** What the point's record holds of the unit. */
function savedOf(machine: Machine, unit: number, { interval, capture: { record } }: UnitPoint) {
  const isIt = (each: SavedPoint): boolean => each.interval === interval
  return {
    container: record.containers.find((each) => each.slot === unit && isIt(each)),
    semaphore: record.semaphores.find(
      (each) => semaphoreUnit(machine, each.id) === unit && isIt(each),
    ),
    end: record.ended.find((each) => each.unit === unit && isIt(each)),
  }
}

/** The visits by which points are had from what was captured. */
function visitsOf(
  machine: Machine,
  container: Container | null,
  points: readonly UnitPoint[],
): InputsRecord | null {
  if (container === null || points.length === 0) return null
  invariant(
    points.every(({ logged }) => logged?.durable === true),
    'SI142: what is written again was written',
    { points: points.length },
  )
  const { slot: unit, generation } = container
  return inputsRecord(machine, { unit, generation, points })
}
