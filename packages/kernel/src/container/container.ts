/**
 * The kernel's record of a container. What loci and managers need of it on their own threads stands in its
 * `ContainerWords`; this is the rest, and it is saved whole in every capture.
 */
import type {
  ContainerSlot,
  MachineId,
  PortId,
  program,
  ServiceLevel,
  StateInterval,
  Token,
  ValueOf,
} from '@katydid/abi'

import { History } from '../state-interval/history.js'
import type { Letters } from '../machines/letters.js'
import type { Mapping } from './mapping.js'

export type Program = ValueOf<typeof program>

/** What the kernel knows of one snapshot of a container's pages. */
export interface Image {
  stable: boolean
  /** Its manager dropped it, or its capture failed: it is nobody's cut. */
  discarded: boolean
}

/** The snapshots of a container that its manager has taken, and the points that the kernel has made of them. */
export interface IntervalRecord {
  /** Name of the newest snapshot; 0: none, the empty container. */
  label: StateInterval
  /** Name of the newest snapshot on the line; 0: none. */
  recoverable: StateInterval
  /** Up to this one its manager was told that it may drop those which are not wanted; 0: it was not. */
  superseded: StateInterval
  /** Snapshots newer than the line, by name, rising. */
  readonly points: Map<number, Image>
  /** A capture that failed has cleared its `written` word. */
  mustCapture: boolean
  /** Its manager keeps no snapshots of it: captures leave its pages out, and every recovery makes it empty. */
  volatile: boolean
  readonly history: History
}

/** How a container began as a snapshot of another. */
export interface SnapshotOf {
  /**
   * open: it shows the snapshot, for reading only, as long as whoever opened it is there. audit: the kernel runs visits again in it; it is in
   * no capture and nobody else's.
   */
  readonly kind: 'open' | 'fork' | 'audit'
  /** Number of the locus that asked for it; 0: a host or a manager. */
  readonly opener: number
}

/** Whether the kernel made it for an audit, and nobody else knows of it. */
export const isAuditCopy = ({ snapshotOf }: Pick<Container, 'snapshotOf'>): boolean =>
  snapshotOf?.kind === 'audit'

/** Where the kernel's record of a container of another machine is. */
export interface Home {
  readonly machine: MachineId
  readonly slot: number
  readonly generation: number
}

export interface Container {
  /** Of a stand-in: the container that it stands for; nil: it is one of this machine. */
  readonly home: Home | null
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
  /** It began as a snapshot, or is about to; nil: it did not. */
  snapshotOf: SnapshotOf | null
  readonly intervals: IntervalRecord
  /** What it has sent to containers of other machines, and had of them; none: nothing. */
  letters?: Letters
  /** What is mapped into it, by rising offset. */
  mappings: readonly Mapping[]
}

/** The intervals of a container that was never captured, made in this epoch. */
export function noIntervals(epoch = 0): IntervalRecord {
  return {
    label: 0 as StateInterval,
    recoverable: 0 as StateInterval,
    superseded: 0 as StateInterval,
    points: new Map(),
    mustCapture: false,
    volatile: false,
    history: new History(epoch),
  }
}
