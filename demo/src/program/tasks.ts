/** What the program can be asked to do: the argument of a locus, by value. */
export interface IndexTask {
  readonly task: 'index'
  /** The list of files; see file-list.ts. */
  readonly fileList: string
  /** The locus's progress file. */
  readonly progress: string
  /** The locus reads file `first` and each `step`-th after it. */
  readonly first: number
  readonly step: number
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
