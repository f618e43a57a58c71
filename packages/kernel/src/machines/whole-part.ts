/** The part of a machine that has lost everything in memory, or all of which goes back. */
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { choiceFrom, havable, type Choice } from '../recovery/choose.js'
import { knownPoints, type KnownPoint } from '../recovery/known-points.js'
import type { Problem } from '../recovery/problem.js'
import { phaseOf, wanted } from '../recovery/under-way.js'
import { applyWhole, decideWhole, noteDamage, prepareWhole } from '../recovery/whole.js'
import { shutGate } from '../state-interval/gate.js'
import type { Havable, Part } from './part.js'

type Decided = NonNullable<ReturnType<typeof decideWhole> extends Script<infer R> ? R : never>

export class WholePart implements Part {
  readonly whole = true
  readonly hasLost = true
  readonly departure = null
  readonly #machine: Machine
  readonly #reason: string
  #points: ReadonlyMap<number, readonly KnownPoint[]> = new Map()
  #decided: Decided | null = null

  constructor(machine: Machine, reason: string) {
    this.#machine = machine
    this.#reason = reason
  }

  *prepare(): Script<Problem | null> {
    const machine = this.#machine
    shutGate(machine)
    const problem = yield* prepareWhole(machine, this.#reason)
    if (problem !== null || phaseOf(machine) === 'failed' || wanted(machine) !== null)
      return problem
    const points = yield* havable(machine, knownPoints(machine))
    if ('port' in points) return points
    this.#points = points
    return null
  }

  // Nothing of it runs, so there is nothing to be given up.
  // eslint-disable-next-line require-yield
  *states(): Script<readonly Havable[]> {
    const { vector } = this.#machine.captures
    return [...this.#points].map(([unit, points]) => ({
      unit,
      line: vector.get(unit) ?? 0,
      points,
      present: null,
    }))
  }

  *decide(back: ReadonlyMap<number, number>): Script<boolean> {
    const points = [...this.#points].flatMap(([unit, all]) => {
      const to = back.get(unit)
      return all.find(({ interval }) => interval === to) ?? []
    })
    invariant(
      [...this.#points.keys()].every((unit) => back.has(unit)),
      'SI172: what a machine has lost goes back',
      {},
    )
    const choice: Choice | null = choiceFrom(this.#machine, points)
    if (choice === null) return false
    noteDamage(this.#machine, choice)
    this.#decided = yield* decideWhole(this.#machine, choice)
    return this.#decided !== null
  }

  *apply(): Script<Problem | null> {
    invariant(this.#decided !== null, 'SI172: only what was decided is applied', {})
    return yield* applyWhole(this.#machine, this.#decided)
  }
}
