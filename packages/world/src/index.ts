/**
 * Machines and the wires between them: manifest, shared memory, supervision, the locus pool. The
 * one room that knows all the others.
 */
export { joinWorld, openWorld, rollbackWorld } from './boot.js'
export type { Container } from './containers.js'
export { KatydidError } from './error.js'
export type { EventOf, MachineEventOf } from './events.js'
export type { MachineState } from './hosted-machine.js'
export type { KeptLine, RollbackReport } from './lines.js'
export type { MachinePart } from './machine.js'
export type { ManagerOption } from './managers.js'
export type { OpenOptions } from './options.js'
export type { RetainedSnapshot } from './past.js'
export type { CounterSums } from './progress.js'
export { findProgram, type Program } from './programs.js'
export { World } from './world.js'
export type {
  LocusHandle,
  LocusResult,
  MachineView,
  OnMachine,
  Recovery,
  RunOptions,
  RunResult,
  WorldStatus,
} from './world-types.js'
