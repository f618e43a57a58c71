/** What a demand-zero manager is given at its start: what the kernel says, its disk's descriptor, and its policy's figures. */
import type { ManagerBoot } from '@katydid/abi'
import type { PagingOptions } from '../paging/paging-context.js'

export interface DemandZeroOptions extends PagingOptions {
  /** Frames that the kernel never asks back. */
  readonly leastFrames: number
  /** Containers it takes on at the most; it refuses the next. */
  readonly mostContainers: number
  /** The disk hears what of the log and its segments is needed no more after this many bytes of swap. */
  readonly tidyBytes: number
}

export const defaultOptions: DemandZeroOptions = {
  policy: 'clock',
  leastFrames: 4,
  mostContainers: 48,
  askFrames: 64,
  reserveLow: 16,
  reserveHigh: 48,
  batchPages: 64,
  invokedElsewhere: 'migrate_to',
  consistency: 'sequential',
  tidyBytes: 1024 * 1024,
}

/** The `data` of its worker: the kernel's `boot`, the disk's descriptor (from the world), and options. */
export interface DemandZeroData {
  readonly boot: ManagerBoot
  readonly diskFd: number
  readonly options?: Partial<DemandZeroOptions>
}
