/**
 * This machine's part in a recovery over machines, whoever coordinates it: what can be had of its units, giving up more of them, writing down what
 * was decided, and carrying it out. The same for a machine that has lost everything in memory and for one of which units go back while the others run on.
 */
import type { Script } from '@katydid/actor'
import type { Departure } from '../recovery/partly.js'
import type { Problem } from '../recovery/problem.js'
import type { UnitState } from '../recovery/least-rollback.js'

export interface Havable extends UnitState {
  readonly line: number
  /** It can be had at a point above the line. */
  readonly above: boolean
}

/** What was decided of the units of one machine. */
export interface DecidedUnits {
  /** Units that go back, and to which intervals. */
  readonly back: ReadonlyMap<number, number>
  /** How far the line of each unit has come, over what is durable on all machines. */
  readonly line: ReadonlyMap<number, number>
  readonly reason: string
}

export interface Part {
  /** It has lost everything in memory. */
  readonly whole: boolean
  /** There is something that only a recovery brings back. */
  readonly hasLost: boolean
  /** What goes back, once that is decided; nil: everything, or nothing is decided yet. */
  readonly departure: Departure | null
  /** Units that have ended on its line, and how far they had come. */
  readonly over: ReadonlyMap<number, number>
  /** Once, before anything else; what went wrong, or nil. */
  prepare(): Script<Problem | null>
  /** Gives up these units; what can be had of all. */
  states(going: readonly number[]): Script<readonly Havable[]>
  /** Units that are not named stay. False when the disk did not take it. */
  decide(decided: DecidedUnits): Script<boolean>
  /** Carries out what was decided; what went wrong, or nil. A sentence: what some were to do again differed. */
  apply(): Script<Problem | string | null>
}
