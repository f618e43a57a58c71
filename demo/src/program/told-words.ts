/**
 * Counted words as bytes, for an index of another machine: for each the length of the word, its count, the number of its files; the bytes of
 * the word; the numbers of the files. All numbers are 32 bits, little endian.
 */
import type { WordCounts } from './word-counts.js'

const word = 4
const headBytes = 3 * word

/** Bytes that one entry takes. */
export const toldBytes = (words: WordCounts, entry: number): number =>
  headBytes + words.wordOf(entry).length + words.filesOf(entry) * word

/** The entries from `from` up to `to`, packed. */
export function tellWords(words: WordCounts, from: number, to: number): Uint8Array {
  let length = 0
  for (let entry = from; entry < to; entry++) length += toldBytes(words, entry)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (let entry = from; entry < to; entry++) {
    const key = words.wordOf(entry)
    view.setUint32(at, key.length, true)
    view.setUint32(at + word, words.countOf(entry), true)
    view.setUint32(at + 2 * word, words.filesOf(entry), true)
    bytes.set(key, at + headBytes)
    const files = at + headBytes + key.length
    words.visitFiles(entry, (file, index) => view.setUint32(files + index * word, file, true))
    at = files + words.filesOf(entry) * word
  }
  return bytes
}

interface Told {
  readonly key: Uint8Array
  readonly count: number
  readonly files: readonly number[]
}

/** What `tellWords` packed. */
export class ToldWords implements WordCounts {
  readonly #entries: readonly Told[]

  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const entries: Told[] = []
    for (let at = 0; at < bytes.length;) {
      const [keyBytes, count, fileCount] = [0, word, 2 * word].map((offset) =>
        view.getUint32(at + offset, true),
      ) as [number, number, number]
      const files = at + headBytes + keyBytes
      entries.push({
        key: bytes.subarray(at + headBytes, files),
        count,
        files: Array.from({ length: fileCount }, (_, nth) =>
          view.getUint32(files + nth * word, true),
        ),
      })
      at = files + fileCount * word
    }
    this.#entries = entries
  }

  get length(): number {
    return this.#entries.length
  }

  wordOf(entry: number): Uint8Array {
    return this.#entries[entry]!.key
  }

  countOf(entry: number): number {
    return this.#entries[entry]!.count
  }

  filesOf(entry: number): number {
    return this.#entries[entry]!.files.length
  }

  visitFiles(entry: number, visit: (file: number, index: number) => void): void {
    this.#entries[entry]!.files.forEach(visit)
  }
}
