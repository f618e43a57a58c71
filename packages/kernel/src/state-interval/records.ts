/** The kernel's own records: what a capture, a line, a visit, what was told and a root page are on the disk. Their bytes: `record-bytes.ts`. */
import type { ManagerProgram } from '@katydid/abi'
import type { Program, SnapshotOf } from '../container/container.js'
import type { Mapping } from '../container/mapping.js'
import type { LoggedInput } from '../logged/chain.js'
import type { LocusEnd } from '../locus/locus.js'
import type { PlacedCapability } from '../capability/capability-tables.js'
import type { PermissionGroup } from '../capability/group-table.js'
import type { SavedOutput } from '../output/output.js'
import type { ToldOutput } from '../output/output-table.js'
import type { Ended } from '../machines/ends.js'
import type { SavedLetters } from '../machines/letters.js'
import type { DrainFigures } from './capture-table.js'

/** A point of a unit: the interval it ends, and what the unit received since its point before. */
export interface SavedPoint {
  readonly interval: number
  readonly dependencies: readonly (readonly [unit: number, interval: number])[]
}

export interface SavedContainer extends SavedPoint {
  readonly slot: number
  readonly generation: number
  readonly name: string
  readonly size: number
  readonly program: Program | null
  readonly manager: number | null
  readonly token: number
  readonly serviceLevel: string
  /** Name of the snapshot that holds its pages; 0: the empty container. */
  readonly label: number
  readonly epoch: number
  readonly incarnation: number
  readonly capabilities: readonly PlacedCapability[]
  readonly mappings: readonly Mapping[]
  /** It began as a snapshot. */
  readonly snapshotOf: SnapshotOf | null
  /** Loci rooted in it. */
  readonly loci: readonly SavedLocus[]
  /** Permission groups of it and of its loci. */
  readonly groups: readonly PermissionGroup[]
  /** What it has printed; nil: nothing. */
  readonly output?: SavedOutput
  /** What it has sent to containers of other machines, and had of them; nil: nothing. */
  readonly letters?: SavedLetters
}

export interface SavedSemaphore extends SavedPoint {
  readonly id: number
  readonly count: number
  /** Loci that took from it, and the number of their wait. */
  readonly taken: readonly (readonly [locus: number, wait: number])[]
  readonly epoch: number
  readonly groups: readonly PermissionGroup[]
}

/** The end of a unit. */
export interface SavedEnd extends SavedPoint {
  readonly unit: number
  readonly epoch: number
  /** What it has printed; nil: nothing. */
  readonly output?: SavedOutput
}

/** The answer of a locus’s durable invoke, which is not over. */
export interface SavedAnswer {
  /** Which of its durable invokes, from 1. */
  readonly number: number
  /** Hash of the block that was given. */
  readonly asked: number
  readonly block: Uint8Array
}

export interface SavedLocus {
  readonly id: number
  readonly name: string
  readonly container: number
  readonly program: Program
  readonly block: Uint8Array
  readonly rights: number
  readonly slot: number | null
  readonly registers: Uint8Array
  readonly capabilities: readonly PlacedCapability[]
  readonly end: LocusEnd | null
  readonly suspended: boolean
  /** Durable invokes of its that were over. */
  readonly durableCalls: number
  readonly answer: SavedAnswer | null
  /** Number of the wait at a semaphore that it stood in; 0: none. */
  readonly wait: number
}

/** What was captured in one step of an epoch. */
export interface CaptureRecord {
  readonly kind: 'capture'
  readonly world: string
  readonly session: number
  /** Its number among the records. */
  readonly capture: number
  readonly epoch: number
  readonly nextLocus: number
  readonly generations: readonly number[]
  readonly containers: readonly SavedContainer[]
  readonly nextGroup: number
  readonly semaphores: readonly SavedSemaphore[]
  readonly nextSemaphore: number
  readonly ended: readonly SavedEnd[]
  /** Units to which nothing had happened since these points. */
  readonly same: readonly (readonly [unit: number, interval: number])[]
  /** Permission groups that are kept with no unit. */
  readonly groups: readonly PermissionGroup[]
  /** Loci that have ended and whose container is gone. */
  readonly loci: readonly SavedLocus[]
}

/** A manager besides the first, and its port. */
export interface SavedManager extends ManagerProgram {
  readonly port: number
}

export interface LineRecord {
  readonly kind: 'line'
  readonly session: number
  /** Which of the session's line records it is. */
  readonly number: number
  /** The newest epoch of which everything is on the line. */
  readonly epoch: number
  /** The line: each unit's point on it. A unit that is not named is as it was made. */
  readonly points: readonly (readonly [unit: number, interval: number])[]
  /** Units that have ended, and how far they had come. */
  readonly over: readonly (readonly [unit: number, interval: number])[]
  /** The world went back to these points: newer ones that stand before this record are void. */
  readonly rolledBack: boolean
  /** Units that went back by themselves, and where to: newer points of theirs that stand before this record are void. */
  readonly back: readonly (readonly [unit: number, interval: number])[]
  /** The world’s managers besides the first. */
  readonly managers?: readonly SavedManager[]
  /** What drains have cost so far. */
  readonly drains?: DrainFigures
  /** Older lines that are kept, by their epochs. */
  readonly kept?: readonly number[]
  /** An administrator took the world back to this kept line: all that stands before this record is void, but for kept lines. */
  readonly backTo?: number
  /** The newest decisions of administrators, oldest first. */
  readonly decisions?: readonly Decision[]
  /** Of a machine of several: the number of the last recovery over machines that it has decided, and the highest that it has heard of. */
  readonly recovery?: { readonly decided: number; readonly highest: number }
  /** Intervals of units of all machines that were gone back over. */
  readonly ended?: readonly Ended[]
}

/** An administrator took the world from one line back to another. */
export interface Decision {
  readonly from: number
  readonly to: number
  /** Milliseconds since 1970; 0: unknown. */
  readonly atMs: number
  /** Number of the recovery that carried it out. */
  readonly session: number
}

/** All that the kernel needs to go back to a line when what followed has long been written over. */
export interface KeptRecord {
  readonly kind: 'kept_line'
  readonly session: number
  /** Which of the session’s records of lines it is. */
  readonly number: number
  /** The epoch of which everything was on it. */
  readonly line: number
  /** Milliseconds since 1970; 0: unknown. */
  readonly keptMs: number
  /** Units that had ended, and how far they had come. */
  readonly over: readonly (readonly [unit: number, interval: number])[]
  /** Each unit as it was on the line, a logged container as it was captured before; what it had received does not matter any more. */
  readonly state: CaptureRecord
  /** What came into logged containers between that and the line. */
  readonly visits?: readonly KeptVisits[]
  /** Lines that had not been told, of containers whose end was on it. */
  readonly untaken?: readonly SavedOutput[]
}

/** The visits that lead from what was captured of a logged container to what it was on a kept line. */
export interface KeptVisits {
  readonly unit: number
  readonly inputs: readonly SavedInput[]
}

export interface RootRecord {
  readonly kind: 'root_page'
  readonly session: number
  readonly port: number
  readonly slot: number
  readonly generation: number
  readonly size: number
  readonly module: string
  readonly hash: string
  readonly offset: number
  readonly interval: number
  readonly bytes: Uint8Array
}

/** How far the output of these containers was told. */
export interface OutputRecord {
  readonly kind: 'output'
  readonly session: number
  /** Which of the session's, counted with its line records. */
  readonly number: number
  readonly told: readonly ToldOutput[]
}

/** What came into a logged container, visit by visit. */
export interface InputsRecord {
  readonly kind: 'inputs'
  readonly session: number
  /** Which of the process’s records of this kind it is. */
  readonly number: number
  readonly unit: number
  readonly generation: number
  /** The interval of the point before the first. */
  readonly after: number
  readonly inputs: readonly SavedInput[]
}

/** One visit, and the point that it makes; without input, a point that is what the one before was. */
export interface SavedInput extends SavedPoint {
  readonly input: LoggedInput | null
}

export type KernelRecord =
  | CaptureRecord
  | LineRecord
  | RootRecord
  | OutputRecord
  | KeptRecord
  | InputsRecord
