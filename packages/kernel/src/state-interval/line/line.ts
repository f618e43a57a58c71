/**
 * What every engine of the line is: it takes stable points, and says for each unit up to which interval the world can be restored.
 *
 * A unit of recovery is a container: an integer, never reused. Intervals rise within a unit and are not consecutive.
 * The line of a unit never falls. 0 is the empty container, which everybody can go back to.
 */

/** One stable snapshot or logged interval of one unit. */
export interface Point {
  readonly unit: number
  readonly interval: number
  /** For each unit that this one received from since its last point, the highest interval it received from directly. */
  readonly dependencies: ReadonlyMap<number, number>
}

/** Finds the greatest set of points, one a unit, of which none has received what no other has sent. */
export interface LineEngine {
  /** Takes a point. Points of one unit enter in rising order. */
  stable(point: Point): void

  /** The interval of the unit's point in the line; 0 when that is the empty container. */
  line(unit: number): number

  /** Inspections so far: whatever the engine looks at, once for each time it looks. What the cost rule counts. */
  readonly steps: number
}

/** Told once for each advance of a unit's line, when every unit's line is already at its new place. */
export type Announce = (unit: number, interval: number) => void
