/** What a self-managing manager is given at its start: what the kernel says, its disk's descriptor, and its policy's figures. */
import type { ManagerBoot, ServiceLevel } from '@katydid/abi'
import type { PagingOptions } from '../paging/paging-context.js'

export interface SelfManagingOptions extends PagingOptions {
  /** Frames for its own pages: its maps fault in and out within these. At least 4; 0: a share of the machine’s. */
  readonly ownFrames: number
  /** Versions' disk_writes under way at the most. */
  readonly writesInFlight: number
  /** Map entries folded in one turn at the most. */
  readonly foldSlice: number
  /** It snapshots itself when this many bytes were written, or so many versions folded, since it last did. */
  readonly snapshotBytes: number
  readonly snapshotFolds: number
  /** Pages copied at a time when segments are cleaned, and how long it rests between, unless room is short. */
  readonly cleanPages: number
  readonly cleanRestMs: number
  /** What it promises of its containers. */
  readonly serviceLevel: ServiceLevel
  /** Snapshots retained of each container besides the line's own, where nothing else is said of it. */
  readonly retain: number
}

export const defaultOptions: SelfManagingOptions = {
  ownFrames: 0,
  policy: 'clock',
  askFrames: 64,
  reserveLow: 16,
  reserveHigh: 48,
  batchPages: 64,
  invokedElsewhere: 'migrate_to',
  consistency: 'sequential',
  writesInFlight: 4,
  foldSlice: 64,
  snapshotBytes: 32 * 1024 * 1024,
  snapshotFolds: 32,
  cleanPages: 16,
  cleanRestMs: 5,
  serviceLevel: 'snapshotting',
  retain: 0,
}

/** The `data` of a self-managing manager's worker: the kernel's `boot`, the disk's descriptor (from the world), and options. */
export interface SelfManagingData {
  readonly boot: ManagerBoot
  readonly diskFd: number
  readonly options?: Partial<SelfManagingOptions>
}
