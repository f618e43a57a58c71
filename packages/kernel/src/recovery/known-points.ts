/** The points that a recovery can choose from: each with what its record holds of the unit. */
import type { Machine } from '../machine.js'
import { chainOf, rootOf, type Chained } from '../logged/chain.js'
import type { SavedOutput } from '../output/output.js'
import type { Capture } from '../state-interval/capture-table.js'
import type { History, UnitPoint } from '../state-interval/history.js'
import type { Point } from '../state-interval/line/line.js'
import type {
  CaptureRecord,
  SavedContainer,
  SavedInput,
  SavedSemaphore,
} from '../state-interval/records.js'
import { unitsOf } from '../state-interval/units.js'

export interface KnownPoint extends Point, Chained<KnownPoint> {
  readonly capture: Capture
  /** The newest epoch at which it still said what the unit is. */
  readonly epoch: number
  /** What the unit was, of a logged point when it was captured; both nil: it had ended. */
  readonly container: SavedContainer | null
  readonly semaphore: SavedSemaphore | null
  /** What it had printed, if it is, or was, a container. */
  readonly output: SavedOutput | null
}

/** What an earlier attempt left, or the log held at boot, until the world is open; afterwards what the histories of units have that is durable. */
export function knownPoints(machine: Machine): readonly KnownPoint[] {
  if (machine.choices !== null) return machine.choices
  return machine.bootPoints.length > 0 ? machine.bootPoints : inHistories(machine)
}

function inHistories(machine: Machine): KnownPoint[] {
  const { maxContainers } = machine.region.plan.shape
  return unitsOf(machine).flatMap(({ unit, history }) => {
    const known = new Map<UnitPoint, KnownPoint>()
    return pointsOf(history).flatMap((point) => {
      if (!point.capture.durable || point.logged?.durable === false) return []
      return knownPointOf(unit, point, maxContainers, known) ?? []
    })
  })
}

/** Those from the line on; if that is a logged one, from the one that was captured before it. */
function pointsOf({ base, newer }: History): UnitPoint[] {
  if (base === null) return newer
  const root = rootOf(base)
  return root === base ? [base, ...newer] : [root, base, ...newer]
}

/** The point with what its record holds of the unit; null when it is not there. `known` has those found before. */
export function knownPointOf(
  unit: number,
  point: UnitPoint,
  maxContainers: number,
  known = new Map<UnitPoint, KnownPoint>(),
): KnownPoint | null {
  const root = rootOf(point)
  const first = known.get(root) ?? capturedPoint(unit, root, maxContainers)
  if (first === null) return null
  known.set(root, first)
  let last = first
  for (const each of chainOf(point)) {
    const { interval, dependencies, epoch, logged } = each
    const before = last
    last = known.get(each) ?? {
      ...last,
      interval,
      dependencies,
      epoch,
      logged: logged === null ? null : { input: logged.input, before, root: first },
    }
    known.set(each, last)
  }
  return last
}

function capturedPoint(
  unit: number,
  { interval, epoch, capture }: UnitPoint,
  maxContainers: number,
): KnownPoint | null {
  const found = pointsIn(capture, maxContainers).find(
    (each) => each.unit === unit && each.interval === interval,
  )
  return found === undefined ? null : { ...found, epoch }
}

/** All points of a record. */
export function pointsIn(capture: Capture, maxContainers: number): KnownPoint[] {
  const { containers, semaphores, ended }: CaptureRecord = capture.record
  const none = { capture, container: null, semaphore: null, output: null, logged: null }
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

/** The points that visits make after this one, in their order. */
export function pointsAfter(found: KnownPoint, inputs: readonly SavedInput[]): KnownPoint[] {
  const points: KnownPoint[] = []
  let before = found
  for (const { interval, dependencies, input } of inputs) {
    if (interval <= before.interval) break
    const logged = { input, before, root: rootOf(found) }
    before = { ...before, interval, dependencies: new Map(dependencies), logged }
    points.push(before)
  }
  return points
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
