/**
 * The kernel's record of a container. What loci and managers need of it on their own threads stands in its
 * `ContainerWords`; this is the rest, and it is saved whole in every capture.
 */
import type {
  ContainerSlot,
  PortId,
  program,
  ServiceLevel,
  StateInterval,
  Token,
  ValueOf,
} from '@katydid/abi'

import type { Mapping } from './mapping.js'

export type Program = ValueOf<typeof program>

/** What the kernel knows of one snapshot of a container. */
export interface Point {
  stable: boolean
  /** Its manager dropped it, or its capture failed: it is nobody's cut. */
  discarded: boolean
  /** What the container had received when it was taken: sender's slot → its interval. */
  dependencies: ReadonlyMap<number, number>
}

/** What a container had received and no snapshot holds yet, and the points of its snapshots. */
export interface IntervalRecord {
  /** Name of the newest snapshot; 0: none, the empty container. */
  label: StateInterval
  /** Name of the newest snapshot on the line; 0: none. */
  recoverable: StateInterval
  /** Snapshots newer than the line, by name, rising. */
  readonly points: Map<number, Point>
  /** Receipts of a snapshot that came to nothing: they count for the next. */
  owed: Map<number, number>
  /** A capture that failed has cleared its `written` word. */
  mustCapture: boolean
  /** Its manager keeps no snapshots of it: captures leave its pages out, and every recovery makes it empty. */
  volatile: boolean
}

export interface Container {
  readonly slot: ContainerSlot
  /** Which container has the slot. */
  readonly generation: number
  readonly name: string
  /** In bytes, a multiple of the page size. */
  readonly size: number
  program: Program | null
  manager: PortId | null
  token: Token
  serviceLevel: ServiceLevel
  /** Its manager lives in it: it takes no part in captures of the world. */
  selfManaged: boolean
  readonly intervals: IntervalRecord
  /** What is mapped into it, by rising offset. */
  mappings: readonly Mapping[]
}

/** The intervals of a container that was never captured. */
export function noIntervals(): IntervalRecord {
  return {
    label: 0 as StateInterval,
    recoverable: 0 as StateInterval,
    points: new Map(),
    owed: new Map(),
    mustCapture: false,
    volatile: false,
  }
}
