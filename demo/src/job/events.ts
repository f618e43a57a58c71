/** What happens in a run of the job, as those who report it hear it. Bytes, words and files are of text; times say their unit. */
import type { Corpus } from '../corpus/corpus.js'
import type { Folder } from '../corpus/folder.js'
import type { Options } from '../options.js'
import type { Blow } from './schedule.js'

export interface Snapshot {
  readonly readBytes: number
  readonly totalBytes: number
  readonly words: number
  readonly wordsPerSecond: number
  readonly faults: number
  /** Pages discarded: those that had to be written first, and those that had not. */
  readonly discardsDirty: number
  readonly discardsClean: number
  /** Pages read back from the disk after they had been discarded. */
  readonly reReads: number
  readonly snapshots: number
  /** How long loci were held by a snapshot: on average, and at worst. */
  readonly heldMsMean: number
  readonly heldMsMax: number
  readonly diskBytes: number
}

/** What a blow did. */
export interface BlowReport {
  readonly kind: Blow['kind']
  /** Which machine of several was struck. */
  readonly machine?: number
  /** False for a kill that this job did not order. */
  readonly isOurs: boolean
  readonly number: number
  readonly atBytes: number
  readonly totalBytes: number
  /** Snapshots taken that were not yet recoverable, and pages written since the last fdatasync, as last told. */
  readonly openSnapshots: number
  readonly openPages: number
}

/** What came back, and what it cost. */
export interface Recovery extends BlowReport {
  /** From the start of the new process (or the end of the manager's worker, or of the machine) until the loci ran again. */
  readonly recoveryMs: number
  readonly againBytes: number
  readonly againFraction: number
  /** Faults of the manager on its own pages since it came back, as of when this is told; only for the manager. */
  readonly ownFaults: number | null
}

/** How the manager kept its maps: its own pages but the root page, which is the kernel's to hold. */
export interface ManagerTotals {
  readonly pages: number
  readonly frames: number
  /** Faults on its own pages, over all processes. */
  readonly faults: number
  /** Whether its worker was to be ended in this run. */
  readonly isToEnd: boolean
  /** Faults on its own pages after it was ended and had come back; null when that did not happen. */
  readonly faultsBack: number | null
}

export interface Totals {
  readonly progress: Snapshot
  readonly sessions: number
  readonly machines: number
  readonly pages: number
  readonly frames: number
  readonly manager: ManagerTotals
  readonly barriers: number
  readonly acknowledgedGroups: number
  readonly bytesWritten: number
  readonly jobMs: number
}

export interface Verified {
  readonly words: number
  readonly files: number
}

export interface Events {
  begin(options: Options, folder: Folder): void
  scanning(fileCount: number): void
  corpus(corpus: Corpus, folder: Folder): void
  progress(now: Snapshot): void
  blow(blow: BlowReport): void
  recovered(recovery: Recovery): void
  /** The index is done and recoverable; the in-memory count goes on. */
  verifying(bytes: number, totalBytes: number): void
  summary(totals: Totals, recoveries: readonly Recovery[]): void
  verified(result: Verified): void
  /** The run fails: a sentence for each reason. */
  failed(reasons: readonly string[]): void
  /** Stopped by a signal; `kept` is the folder left behind, or null. */
  stopped(kept: string | null): void
  kept(folder: string): void
}
