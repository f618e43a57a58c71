/** The part of a machine of which units go back, or none, while the others run on. */
import { locusPort } from '@katydid/abi'
import { invariant, type Script } from '@katydid/actor'
import type { Machine } from '../machine.js'
import { lociIn, slotsOf, someoneComes, statesOf } from '../recovery/going.js'
import { applyPartly, clearPartly, decidePartly } from '../recovery/go-partly.js'
import { movesOf, type Departure } from '../recovery/partly.js'
import type { Problem } from '../recovery/problem.js'
import { closeGates } from '../state-interval/gate.js'
import { isEndOf } from '../state-interval/history.js'
import { isStable } from '../state-interval/line.js'
import { historyOf, unitsOf } from '../state-interval/units.js'
import type { DecidedUnits, Havable, Part } from './part.js'

const quietMs = 60_000
const stopMs = 10_000
const writtenMs = 2_000

export class PartlyPart implements Part {
  readonly whole = false
  departure: Departure | null = null
  readonly #machine: Machine
  readonly #reason: string
  readonly #lost: Set<number>

  constructor(machine: Machine, lost: ReadonlySet<number>, reason: string) {
    this.#machine = machine
    this.#lost = new Set(lost)
    this.#reason = reason
  }

  get hasLost(): boolean {
    return this.#lost.size > 0
  }

  get over(): ReadonlyMap<number, number> {
    return this.#machine.captures.over
  }

  *prepare(): Script<Problem | null> {
    const machine = this.#machine
    // From here on no announcement or capture under way counts.
    machine.session++
    const isQuiet = (): boolean => machine.captures.rendezvous === null && machine.rootWrites === 0
    if (!(yield* machine.waits.until(isQuiet, quietMs))) machine.recoveryWanted ??= this.#reason
    // What is about to be on the disk is a point that can be had: who is given up for want of it goes back for nothing.
    yield* machine.waits.until(() => this.#isWritten(), writtenMs)
    return null
  }

  /** Whether all that was captured can be had: its records, and its images unless nobody writes them any more. */
  #isWritten(): boolean {
    const machine = this.#machine
    if (machine.captures.newer.some(({ durable }) => !durable)) return false
    return unitsOf(machine).every(({ unit, history }) => {
      const manager = machine.containers.at(unit)?.manager ?? null
      if (manager === null || machine.managers.at(manager)?.state !== 'running') return true
      return history.newer.every((point) => isStable(machine, unit, point))
    })
  }

  *states(going: readonly number[]): Script<readonly Havable[]> {
    const machine = this.#machine
    for (const unit of going) this.#lost.add(unit)
    if (!(yield* this.#close())) machine.recoveryWanted ??= this.#reason
    // Who has ended is not gone back to, and is what others depend on all the same.
    return statesOf(machine, this.#lost, true).map((each) => ({
      ...each,
      line: machine.captures.vector.get(each.unit) ?? 0,
      above: true,
    }))
  }

  /** Nobody comes into what goes back, and its threads have ended; what these were rooted in goes back too. False when one does not end. */
  *#close(): Script<boolean> {
    const machine = this.#machine
    for (;;) {
      const going = new Map([...this.#lost].map((unit) => [unit, { to: 0, because: null }]))
      machine.going = going
      closeGates(machine, slotsOf(machine, going))
      if (!(yield* machine.waits.until(() => !someoneComes(machine, going), stopMs))) return false
      const loci = lociIn(machine, going)
      if (loci.length === 0) return true
      for (const { slot, generation, container } of loci) {
        if (container >= 0) this.#lost.add(container)
        const port = slot === null ? null : locusPort(slot)
        if (port !== null)
          machine.order({ order: 'stop_locus', port, generation, reason: this.#reason })
      }
      const isGone = (): boolean => loci.every(({ slot }) => slot === null)
      if (!(yield* machine.waits.until(isGone, stopMs))) return false
    }
  }

  *decide({ back, reason }: DecidedUnits): Script<boolean> {
    const machine = this.#machine
    invariant(
      [...this.#lost].every((unit) => back.has(unit) || !this.#isThere(unit)),
      'SI172: what a machine has lost goes back',
      { lost: [...this.#lost].join(' ') },
    )
    const going = new Map(
      [...back]
        .filter(([unit, to]) => !this.#isEnd(unit, to))
        .map(([unit, to]) => [unit, { to, because: null }]),
    )
    machine.going = going
    const moved = movesOf(machine, going, () => ({ because: reason, cause: null }))
    this.departure = { going, moved }
    return yield* decidePartly(machine, this.departure)
  }

  /** To be back at its end is to stay ended. */
  #isEnd(unit: number, interval: number): boolean {
    const point = historyOf(this.#machine, unit)?.at(interval) ?? null
    return point !== null && isEndOf(unit, point)
  }

  #isThere(unit: number): boolean {
    return statesOf(this.#machine, this.#lost).some((each) => each.unit === unit)
  }

  *apply(): Script<Problem | string | null> {
    invariant(this.departure !== null, 'SI172: only what was decided is applied', {})
    const machine = this.#machine
    if (!(yield* clearPartly(machine, this.departure))) return null
    const outcome = yield* applyPartly(machine, this.departure)
    if (outcome === null) this.#lost.clear()
    return outcome
  }
}
