/**
 * Units of recovery by number: a container has the number of its slot, which is given away only when the end of the container is on
 * the line; a semaphore has a number above all slots, which is never given again.
 */
import type { Machine } from '../machine.js'
import { isForeign } from '../machines/foreign-units.js'
import type { History } from './history.js'

export interface Unit {
  readonly unit: number
  readonly history: History
  readonly name: string
}

/** The unit number of a semaphore. */
export const semaphoreUnit = (machine: Machine, id: number): number =>
  machine.region.plan.shape.maxContainers + id

/** Every unit there is, those that ended and whose end is not on the line yet among them. */
export function unitsOf(machine: Machine): Unit[] {
  const units: Unit[] = []
  for (const { slot, selfManaged, intervals, name } of machine.containers.all())
    if (!selfManaged && !intervals.history.over)
      units.push({ unit: slot, history: intervals.history, name })
  for (const { id, history } of machine.semaphores.known())
    units.push({ unit: semaphoreUnit(machine, id), history, name: `semaphore ${id}` })
  return units
}

/** The history of a unit; null when there is none. */
export function historyOf(machine: Machine, unit: number): History | null {
  if (isForeign(unit)) return null
  const { maxContainers } = machine.region.plan.shape
  if (unit >= maxContainers)
    return machine.semaphores.knownAs(unit - maxContainers)?.history ?? null
  const container = machine.containers.at(unit)
  return container === null || container.selfManaged ? null : container.intervals.history
}
