/** What a proxy is given at its start. */
import type { ManagerBoot } from '@katydid/abi'
import type { PagingOptions } from '../paging/paging-context.js'

export interface ProxyOptions extends PagingOptions {
  /** Frames that the kernel never asks back: what a few loci need to go on. */
  readonly leastFrames: number
  /** Guests it has at the most. */
  readonly mostGuests: number
}

export const defaultOptions: ProxyOptions = {
  policy: 'clock',
  leastFrames: 8,
  mostGuests: 48,
  askFrames: 64,
  reserveLow: 16,
  reserveHigh: 48,
  batchPages: 64,
  invokedElsewhere: 'refuse',
  consistency: 'sequential',
}

/** The `data` of its worker. */
export interface ProxyData {
  readonly boot: ManagerBoot
  readonly diskFd: number
  readonly options?: Partial<ProxyOptions>
}
