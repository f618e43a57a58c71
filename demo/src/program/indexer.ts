/**
 * One locus's share of the work, in batches of whole files: count privately, then merge, then move the registers on.
 *
 * A safepoint comes after each file, each piece of a large one and each slice of a merge. The registers name the
 * batch and how many of its words are merged, so a locus that is entered again at any safepoint counts the batch
 * anew and merges only the rest: batch and order of counting follow from the list of files alone.
 */
import type { Locus, SharedMap } from '@katydid/locus'
import type { TextFile } from '../corpus/corpus.js'
import { piecesOf, readFileList } from '../corpus/file-list.js'
import { readProgress, writeProgress, type LocusProgress } from '../job/progress-file.js'
import { WordTable } from '../word/word-table.js'
import { WordsOfBytes } from '../word/words-of-bytes.js'
import { Shards } from './shards.js'
import type { IndexTask } from './tasks.js'

/** Registers: the first file of the batch (of this locus's files), words of it already merged, bytes and words before it. */
const registers = { next: 0, merged: 1, bytes: 2, words: 3 } as const
/** A batch is large enough that frequent words are merged once a batch, and small enough to be done again. */
const batchBytes = 1_000_000
/** So many that the files of one word can be told in one invocation. */
const batchFiles = 4096

/** A file and its place in the list of all. */
interface NumberedFile extends TextFile {
  readonly number: number
}

export class Indexer {
  readonly #locus: Locus
  readonly #shards: Shards
  readonly #progressFile: string
  readonly #files: readonly NumberedFile[]
  readonly #starts: number
  readonly #startedAtBytes: number
  readonly #piece = Buffer.alloc(1024 * 1024)
  #readBytes = 0
  #words = 0

  constructor(locus: Locus, map: SharedMap, task: IndexTask) {
    this.#locus = locus
    this.#shards = new Shards(locus, map, task.shards)
    this.#progressFile = task.progress
    const { all, before } = locus.outside(() => ({
      all: readFileList(task.fileList),
      before: readProgress(task.progress),
    }))
    this.#files = all
      .map((file, number) => ({ ...file, number }))
      .filter(({ number }) => number % task.step === task.first)
    this.#starts = before.starts + 1
    this.#startedAtBytes = locus.registers.getNumber(registers.bytes)
  }

  run(): void {
    const locus = this.#locus
    locus.outside(() => this.#tell())
    for (;;) {
      const first = locus.registers.getNumber(registers.next)
      if (first >= this.#files.length) return
      const end = this.#endOfBatch(first)
      const table = this.#count(first, end)
      this.#merge(table)
      locus.registers.setNumber(registers.next, end)
      locus.registers.setNumber(registers.merged, 0)
      locus.registers.setNumber(registers.bytes, this.#readBytes)
      locus.registers.setNumber(registers.words, this.#words)
      locus.outside(() => this.#tell())
      locus.safepoint()
    }
  }

  #endOfBatch(first: number): number {
    let bytes = 0
    let end = first
    const most = Math.min(this.#files.length, first + batchFiles)
    while (end < most && bytes < batchBytes) bytes += this.#files[end++]!.byteLength
    return end
  }

  /** Counts the words of the batch, in private. */
  #count(first: number, end: number): WordTable {
    const locus = this.#locus
    const table = new WordTable()
    const reader = new WordsOfBytes((word, length) => {
      table.add(word, length)
      this.#words++
    })
    this.#readBytes = locus.registers.getNumber(registers.bytes)
    this.#words = locus.registers.getNumber(registers.words)
    for (const { path, number } of this.#files.slice(first, end)) {
      table.nextFile(number)
      const pieces = piecesOf(path, this.#piece)
      while (locus.outside(() => this.#readPiece(pieces, reader))) locus.safepoint()
      reader.end()
      locus.safepoint()
    }
    return table
  }

  /** Reads on by one piece; false at the end of the file. */
  #readPiece(pieces: Iterator<Uint8Array>, reader: WordsOfBytes): boolean {
    const step = pieces.next()
    if (step.done === true) return false
    reader.feed(step.value)
    this.#readBytes += step.value.length
    this.#tell()
    return true
  }

  /** Adds the batch's words to the index, in slices. */
  #merge(table: WordTable): void {
    const { registers: saved } = this.#locus
    const arranged = this.#shards.arrange(table)
    for (;;) {
      const merged = saved.getNumber(registers.merged)
      if (merged >= table.length) return
      saved.setNumber(registers.merged, this.#shards.merge(arranged, merged))
      this.#locus.safepoint()
    }
  }

  #tell(): void {
    const progress: LocusProgress = {
      starts: this.#starts,
      startedAtBytes: this.#startedAtBytes,
      readBytes: this.#readBytes,
      words: this.#words,
      mergedFiles: this.#locus.registers.getNumber(registers.next),
    }
    writeProgress(this.#progressFile, progress)
  }
}
