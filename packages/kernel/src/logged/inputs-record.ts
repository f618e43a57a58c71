/** The record of visits of one container, from the point before the first of them on. */
import { invariant } from '@katydid/actor'
import type { Machine } from '../machine.js'
import type { UnitPoint } from '../state-interval/history.js'
import type { InputsRecord } from '../state-interval/records.js'

/** Logged points of one container that follow on one another, in their order. */
export interface LoggedPoints {
  readonly unit: number
  readonly generation: number
  readonly points: readonly UnitPoint[]
}

export function inputsRecord(
  machine: Machine,
  { unit, generation, points }: LoggedPoints,
): InputsRecord {
  const first = points[0]?.logged ?? null
  invariant(first !== null, 'SI103: only what is logged goes to the log of visits', { unit })
  return {
    kind: 'inputs',
    session: machine.session,
    number: machine.inputs.takeNumber(),
    unit,
    generation,
    after: first.before.interval,
    inputs: points.map(({ interval, dependencies, logged }) => ({
      interval,
      dependencies: [...dependencies],
      input: logged!.input,
    })),
  }
}
