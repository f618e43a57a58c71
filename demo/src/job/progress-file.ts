/**
 * How far a locus is, in a small file beside the world: written by the program through `outside`, read by the parent.
 *
 * It is for people and for choosing moments; nothing is recovered from it. It outlives a kill of the world's process,
 * which is how the parent knows what was done and lost. One locus writes one file, in one write a record.
 */
import fs from 'node:fs'
import path from 'node:path'

export interface LocusProgress {
  /** How often the program was entered: 1 at first, one more after each kill or rollback that it saw. */
  readonly starts: number
  /** Bytes of text that were already merged when it was last entered. */
  readonly startedAtBytes: number
  /** Bytes of text read, of this locus's files. */
  readonly readBytes: number
  /** Words read. */
  readonly words: number
  /** Files that are merged into the index. */
  readonly mergedFiles: number
}

const fields = ['starts', 'startedAtBytes', 'readBytes', 'words', 'mergedFiles'] as const
const nothing: LocusProgress = {
  starts: 0,
  startedAtBytes: 0,
  readBytes: 0,
  words: 0,
  mergedFiles: 0,
}

export function progressFile(folder: string, locus: number): string {
  return path.join(folder, `progress-${locus}`)
}

export function writeProgress(file: string, progress: LocusProgress): void {
  const record = Float64Array.from(fields, (field) => progress[field])
  const fd = fs.openSync(file, fs.constants.O_WRONLY | fs.constants.O_CREAT)
  try {
    fs.writeSync(fd, record, 0, record.byteLength, 0)
  } finally {
    fs.closeSync(fd)
  }
}

/** What the locus last wrote; zeros when it has not begun. */
export function readProgress(file: string): LocusProgress {
  let bytes: Buffer
  try {
    bytes = fs.readFileSync(file)
  } catch {
    return nothing
  }
  if (bytes.length < fields.length * 8) return nothing
  const [starts = 0, startedAtBytes = 0, readBytes = 0, words = 0, mergedFiles = 0] = fields.map(
    (_, at) => bytes.readDoubleLE(at * 8),
  )
  return { starts, startedAtBytes, readBytes, words, mergedFiles }
}
