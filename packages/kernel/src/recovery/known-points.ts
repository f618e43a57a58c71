/** The points that a recovery can choose from: each with what its record holds of the unit. */
import type { Machine } from '../machine.js'
import type { SavedOutput } from '../output/output.js'
import type { Capture } from '../state-interval/capture-table.js'
import type { Point } from '../state-interval/line/line.js'
import type { CaptureRecord, SavedContainer, SavedSemaphore } from '../state-interval/records.js'
import { unitsOf } from '../state-interval/units.js'

export interface KnownPoint extends Point {
  readonly capture: Capture
  /** The newest epoch at which it still said what the unit is. */
  readonly epoch: number
  /** What the unit was; both nil: it had ended. */
  readonly container: SavedContainer | null
  readonly semaphore: SavedSemaphore | null
  /** What it had printed, if it is, or was, a container. */
  readonly output: SavedOutput | null
}

/** What the log held at boot, until the world is open; afterwards what the histories of units have that is durable. */
export function knownPoints(machine: Machine): readonly KnownPoint[] {
  if (machine.bootPoints.length > 0) return machine.bootPoints
  return unitsOf(machine).flatMap(({ unit, history: { base, newer } }) =>
    [...(base === null ? [] : [base]), ...newer].flatMap((point) => {
      if (!point.capture.durable) return []
      const { maxContainers } = machine.region.plan.shape
      const found = pointsIn(point.capture, maxContainers).find(
        (each) => each.unit === unit && each.interval === point.interval,
      )
      return found === undefined ? [] : [{ ...found, epoch: point.epoch }]
    }),
  )
}

/** All points of a record. */
export function pointsIn(capture: Capture, maxContainers: number): KnownPoint[] {
  const { containers, semaphores, ended }: CaptureRecord = capture.record
  const none = { capture, container: null, semaphore: null, output: null }
  return [
    ...containers.map((container) => ({
      ...none,
      container,
      unit: container.slot,
      output: container.output ?? null,
      ...pointOf(container),
    })),
    ...semaphores.map((semaphore) => ({
      ...none,
      semaphore,
      unit: maxContainers + semaphore.id,
      ...pointOf(semaphore),
    })),
    ...ended.map((each) => ({
      ...none,
      unit: each.unit,
      output: each.output ?? null,
      ...pointOf(each),
    })),
  ]
}

interface Saved {
  readonly interval: number
  readonly epoch: number
  readonly dependencies: readonly (readonly [number, number])[]
}

const pointOf = ({ interval, epoch, dependencies }: Saved) => ({
  interval,
  epoch,
  dependencies: new Map(dependencies),
})
