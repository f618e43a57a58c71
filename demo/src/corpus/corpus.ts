/**
 * Which files the main job indexes: every text file below a folder, each once, in the order of real paths.
 *
 * A file is text when there is no NUL among its first 8,000 bytes; an empty one is text without words. Program and
 * verifier read the same list, so neither chooses. A file that cannot be read is reported, not passed over.
 */
import fs from 'node:fs'
import { attempt, walk, type Unreadable } from './walk.js'

export interface TextFile {
  readonly path: string
  readonly byteLength: number
  readonly modifiedMs: number
}

export interface Corpus {
  readonly folder: string
  readonly files: readonly TextFile[]
  readonly byteLength: number
  readonly binaryCount: number
  readonly unreadable: readonly Unreadable[]
  /** Text files left out because of the limit, and their bytes. */
  readonly leftOut: { readonly fileCount: number; readonly byteLength: number }
}

const sampleBytes = 8000

/**
 * Finds the corpus below `folder`, a real path. Takes text files in order until one more would pass `limitBytes`.
 * Yields how many files it has seen, often enough for a line of progress.
 */
export function* findCorpus(folder: string, limitBytes: number): Generator<number, Corpus> {
  const found = yield* walk(folder)
  const unreadable = [...found.unreadable]
  const files: TextFile[] = []
  const leftOut = { fileCount: 0, byteLength: 0 }
  let byteLength = 0
  let binaryCount = 0
  let seen = 0
  for (const place of found.files) {
    attempt(place, unreadable, () => {
      const file = readTextFile(place)
      if (file === null) binaryCount++
      else if (leftOut.fileCount > 0 || byteLength + file.byteLength > limitBytes) {
        leftOut.fileCount++
        leftOut.byteLength += file.byteLength
      } else {
        files.push(file)
        byteLength += file.byteLength
      }
    })
    if (++seen % 200 === 0) yield seen
  }
  return { folder, files, byteLength, binaryCount, unreadable, leftOut }
}

const sample = Buffer.alloc(sampleBytes)

/** The file as it is now, or null when it is binary. */
function readTextFile(place: string): TextFile | null {
  const fd = fs.openSync(place, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  try {
    const length = fs.readSync(fd, sample, 0, sampleBytes, 0)
    if (sample.subarray(0, length).includes(0)) return null
    const stat = fs.fstatSync(fd)
    return { path: place, byteLength: stat.size, modifiedMs: stat.mtimeMs }
  } finally {
    fs.closeSync(fd)
  }
}

/** The files that are no longer what the list says: they are gone, or have another size or date. */
export function changedFiles(files: readonly TextFile[]): string[] {
  return files
    .filter(({ path, byteLength, modifiedMs }) => {
      const stat = fs.statSync(path, { throwIfNoEntry: false })
      return stat?.size !== byteLength || stat.mtimeMs !== modifiedMs
    })
    .map(({ path }) => path)
}
