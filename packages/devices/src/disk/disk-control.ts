/** What the host may ask of a disk driver over its control port. */
import type { diskCalls, ResultOf } from '@katydid/abi'

export interface DiskControl {
  /** As `disk_status`. */
  status(): ResultOf<typeof diskCalls.diskStatus>
  /** Writes what waits, makes it durable, notes that in a superblock, and ends the driver. Answers null, or what went wrong. */
  stop(): Promise<string | null>
}

/** What the host may ask of the barrier thread. */
export interface BarrierControl {
  /** Ends the thread. The driver must have stopped before. */
  stop(): void
}
