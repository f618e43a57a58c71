/** What the parts that page share: surroundings as arguments, tables, and the little they must know of the manager's store. */
import type { Consistency, DiskBlock, PortId, Status, SupportDecision, Token } from '@katydid/abi'
import type { Clock, Counters, Region } from '@katydid/actor'
import type { PolicyName } from '../policies/by-name.js'
import type { ReplacementPolicy } from '../policies/policy.js'
import type { DiskWriter } from './disk-writer.js'
import type { FrameTable } from './frame-table.js'
import type { PagedContainer } from './paged-container.js'
import type { PagePlace } from './place.js'
import type { Reserve } from './reserve.js'
import type { Trace } from './trace.js'

/** Fills `into` with the block at `place`: `ok`, `io_error` or `checksum_mismatch`. */
export type BlockReader = (place: PagePlace, into: Uint8Array) => Status

/** The figures of paging; all may be options of a manager. */
export interface PagingOptions {
  /** Which page goes when a frame is wanted. */
  readonly policy: PolicyName
  /** Frames it asks for at once while the machine has free ones. */
  readonly askFrames: number
  /** Below this many free frames pages are evicted ahead, up to `reserveHigh`. Both shrink with a small page set. */
  readonly reserveLow: number
  readonly reserveHigh: number
  /** Pages in one removal, and in one disk_write, at the most. */
  readonly batchPages: number
  /**
   * What is done when a container is invoked on another machine, which has nothing of it: it is run here (`migrate_to`), or the invocation fails (`refuse`). With
   * `local_support` it is to be run there, on pages from here, where the kernels can do that.
   */
  readonly invokedElsewhere: SupportDecision
  /** What is seen of each other by machines that use one container together. */
  readonly consistency: Consistency
}

/** Which blocks of the disk are needed: a page was written there; nobody needs what stands there any more. */
export interface BlockUsage {
  written(block: DiskBlock): void
  drop(block: DiskBlock): void
}

export interface PagingContext {
  readonly region: Region
  readonly clock: Clock
  readonly read: BlockReader
  readonly port: PortId
  readonly pageBytes: number
  readonly counters: Counters
  readonly frames: FrameTable
  readonly reserve: Reserve
  readonly writer: DiskWriter
  readonly trace: Trace
  readonly policy: ReplacementPolicy
  readonly store: { readonly usage: BlockUsage }
  /** Where a page stands of which the container itself says `ask the map`; null: it was never written. */
  readonly older: (token: Token, page: number) => PagePlace | null
  readonly options: PagingOptions
  /** Pages of containers change by commits alone: nobody is shown one for writing but in an overlay. */
  readonly sealed: boolean
  readonly containers: ReadonlyMap<Token, PagedContainer>
}
