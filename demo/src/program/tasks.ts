/** What the program can be asked to do: the argument of a locus, by value. */
import type { Capref } from '@katydid/abi'

export interface IndexTask {
  readonly task: 'index'
  /** The list of files; see file-list.ts. */
  readonly fileList: string
  /** The locus's progress file. */
  readonly progress: string
  /** The locus reads file `first` and each `step`-th after it. */
  readonly first: number
  readonly step: number
  /** Where the words of each shard are merged; one of them is here. */
  readonly shards: readonly Shard[]
}

/** The container that the locus is in, or a capability for the one of another machine. */
export type Shard = 'here' | Capref

/** What a locus of another machine asks. */
export interface MergeTask {
  readonly task: 'merge'
  /** See told-words.ts. */
  readonly words: Uint8Array
}

export interface ExportTask {
  readonly task: 'export'
  /** The file to write: a line a word, `word TAB count TAB number of files TAB file,file,…`; files are places in the list. */
  readonly to: string
}

export interface ExportResult {
  readonly words: number
  /** Pages of the container in which the index stands. */
  readonly pages: number
}
