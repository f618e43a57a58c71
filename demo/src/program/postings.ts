/**
 * The index in the container: word -> (count, number of files, newest run), and the runs in which the files stand.
 *
 * A merge writes one run for each of its words: where the word's older run is, how many files, their numbers. The runs
 * of one merge lie one behind the other in a block of their own, in the order in which they are written, so a merge
 * fills fresh pages and touches no older run. A run never changes.
 */
import type { Heap, SharedMap } from '@katydid/locus'
import type { WordCounts } from './word-counts.js'

const word = 4
const runHead = 2 * word
const valueWords = 3

/** What the map says of a word. */
export interface Value {
  readonly count: number
  readonly files: number
  /** Offset of the newest run in the heap's window. */
  readonly newest: number
}

export function readValue(bytes: Uint8Array): Value {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, valueWords)
  return { count: words[0]! >>> 0, files: words[1]! >>> 0, newest: words[2]! }
}

/** Adds entries of a count, in the order in which the map lies in memory. No safepoint comes on the way. */
export function mergeWords(map: SharedMap, words: WordCounts, from: number, to: number): void {
  const keys = Array.from({ length: to - from }, (_, at) => words.wordOf(from + at))
  const entries = new Map(keys.map((key, at) => [key, from + at]))
  let bytes = 0
  for (let entry = from; entry < to; entry++) bytes += runHead + words.filesOf(entry) * word
  let run = map.heap.alloc(bytes)
  for (const key of map.inPlaceOrder(keys)) {
    const entry = entries.get(key)!
    const files = words.filesOf(entry)
    map.update(key, (value) => {
      const before = value === undefined ? null : readValue(value)
      writeRun(map.heap, run, before?.newest ?? 0, words, entry)
      const count = words.countOf(entry) + (before?.count ?? 0)
      return new Uint8Array(Int32Array.of(count, files + (before?.files ?? 0), run).buffer)
    })
    run += runHead + files * word
  }
}

function writeRun(
  { memory }: Heap,
  at: number,
  older: number,
  words: WordCounts,
  entry: number,
): void {
  memory.setInt32(at, older)
  memory.setInt32(at + word, words.filesOf(entry))
  words.visitFiles(entry, (file, index) => memory.setInt32(at + runHead + index * word, file))
}

/** Reads a run: adds its files to `files` and answers the offset of the word's older run; 0 for none. */
export function readRun({ memory }: Heap, at: number, files: number[]): number {
  const length = memory.getInt32(at + word)
  for (let index = 0; index < length; index++)
    files.push(memory.getInt32(at + runHead + index * word))
  return memory.getInt32(at)
}
