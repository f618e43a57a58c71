/**
 * The greatest consistent choice of points, found from above: begin with the newest of each unit, and as long as one has received
 * something that the choice has not sent, go back before it. Used where everything is looked at anyway: in a recovery.
 */
import type { Point } from './line.js'

/**
 * Points of each unit, rising, to the interval of the chosen one; a unit of which none is chosen has no entry. `floors` says what is
 * there anyhow: units that have ended, and how far they had come.
 */
export function greatest(
  points: ReadonlyMap<number, readonly Point[]>,
  floors: ReadonlyMap<number, number> = new Map(),
): Map<number, number> {
  const chosen = new Map<number, number>()
  for (const [unit, list] of points) if (list.length > 0) chosen.set(unit, list.length - 1)
  const reached = (unit: number): number => {
    const index = chosen.get(unit)
    const floor = floors.get(unit) ?? 0
    return index === undefined ? floor : Math.max(floor, points.get(unit)![index]!.interval)
  }
  for (let again = true; again;) {
    again = false
    for (const [unit, list] of points) {
      const index = chosen.get(unit)
      if (index === undefined) continue
      const first = list.findIndex((point, at) => at <= index && lacks(point, reached))
      if (first < 0) continue
      again = true
      if (first === 0) chosen.delete(unit)
      else chosen.set(unit, first - 1)
    }
  }
  return new Map([...chosen].map(([unit, index]) => [unit, points.get(unit)![index]!.interval]))
}

/** Whether the point has received something that is not in what was chosen. */
function lacks(point: Point, reached: (unit: number) => number): boolean {
  for (const [unit, interval] of point.dependencies) if (interval > reached(unit)) return true
  return false
}
