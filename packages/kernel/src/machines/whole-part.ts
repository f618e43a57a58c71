/** The part of a machine that has lost everything in memory, or all of which goes back. */
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { choiceFrom, havable, type Choice, type HavablePoints } from '../recovery/choose.js'
import { knownPoints, type KnownPoint } from '../recovery/known-points.js'
import { decideAbove } from '../recovery/whole-above.js'
import type { Problem } from '../recovery/problem.js'
import { phaseOf, wanted } from '../recovery/under-way.js'
import { applyWhole, noteDamage, prepareWhole, type DecidedWhole } from '../recovery/whole.js'
import { shutGate } from '../state-interval/gate.js'
import type { DecidedUnits, Havable, Part } from './part.js'

export class WholePart implements Part {
  readonly whole = true
  readonly hasLost = true
  readonly departure = null
  readonly #machine: Machine
  readonly #reason: string
  #havable: HavablePoints = { points: new Map(), known: [], ended: new Map() }
  #decided: DecidedWhole | null = null

  constructor(machine: Machine, reason: string) {
    this.#machine = machine
    this.#reason = reason
  }

  get over(): ReadonlyMap<number, number> {
    return this.#havable.ended
  }

  *prepare(): Script<Problem | null> {
    const machine = this.#machine
    shutGate(machine)
    const problem = yield* prepareWhole(machine, this.#reason)
    if (problem !== null || phaseOf(machine) === 'failed' || wanted(machine) !== null)
      return problem
    const found = yield* havable(machine, knownPoints(machine))
    if ('port' in found) return found
    this.#havable = found
    return null
  }

  // Nothing of it runs, so there is nothing to be given up.
  // eslint-disable-next-line require-yield
  *states(): Script<readonly Havable[]> {
    const { vector } = this.#machine.captures
    return [...this.#havable.points].map(([unit, points]) => ({
      unit,
      line: vector.get(unit) ?? 0,
      above: this.#canBeAbove(unit),
      points,
      present: null,
    }))
  }

  /** What had ended, was logged or is a semaphore comes back on its line only. */
  #canBeAbove(unit: number): boolean {
    return this.#havable.known.every(
      (each) => each.unit !== unit || (each.container !== null && each.logged === null),
    )
  }

  *decide({ back, line }: DecidedUnits): Script<boolean> {
    const { known, points } = this.#havable
    const at = (of: ReadonlyMap<number, number>): KnownPoint[] =>
      known.filter(({ unit, interval }) => of.get(unit) === interval)
    invariant(
      [...points.keys()].every((unit) => back.has(unit)),
      'SI172: what a machine has lost goes back',
      {},
    )
    const choice: Choice | null = choiceFrom(this.#machine, at(line))
    if (choice === null) return false
    noteDamage(this.#machine, choice)
    this.#decided = yield* decideAbove(this.#machine, choice, at(back), points)
    return this.#decided !== null
  }

  *apply(): Script<Problem | null> {
    invariant(this.#decided !== null, 'SI172: only what was decided is applied', {})
    return yield* applyWhole(this.#machine, this.#decided)
  }
}
