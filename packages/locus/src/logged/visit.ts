/**
 * A visit of a logged container: the stay of a locus there from its arrival until it has left. All that reaches the program from
 * outside comes through here, so that it can be recorded and, later, answered from the record.
 */
import { serviceLevels, type ArgsOf, type Capref, type inputCalls, type Status } from '@katydid/abi'

/** Everything that came into a container in one visit, and what it did with it. */
export type Input = NonNullable<ArgsOf<typeof inputCalls.inputLogged>['input']>

/** How a program's run ended, as whoever invoked it is told. */
export interface Outcome {
  readonly status: Status | 'ok'
  readonly detail: string
  readonly block: Uint8Array
}

export interface Visit {
  /** Whether the globals are replaced for the program; else they are watched, and answer the truth. */
  readonly replaced: boolean
  /** Milliseconds since 1970, with fractions; never going back within the visit. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  /** Fills the bytes at random. */
  fillRandomly(into: Uint8Array): void
  /** Has `run` invoke the container of `cap`, or answers as it was answered. Throws only `LocusError`, and what is a bug of ours. */
  call(cap: Capref, block: Uint8Array, run: () => Uint8Array): Uint8Array
  /** The program is about to do what no record can hold. Throws where that must not be done again. */
  cannotLog(what: string): void
  /** The program says something to the host; whether the host is to be told. */
  says(text: string): boolean
}

/** Whether a container of this level, as its shared word says it, has visits. */
export const isLogged = (level: number): boolean => level >= serviceLevels.indexOf('logging')
/** Whether a program sees other globals in a container of this level. */
export const isReplaced = (level: number): boolean => serviceLevels[level] === 'deterministic'
