/**
 * Writes the index out of its container: a line a word, `word TAB count TAB number of files TAB file,file,…`, in no
 * particular order of words; the files of a word rise.
 *
 * Runs are read from the highest address down, so that an index much larger than its frames is read about once. Begun
 * again after any safepoint it writes the same.
 */
import fs from 'node:fs'
import type { Locus, SharedMap } from '@katydid/locus'
import { readRun, readValue } from './postings.js'
import type { ExportResult } from './tasks.js'

const pageBytes = 4096
const linesAWrite = 4096
/** Runs are read by stretches of the container that any page set can hold. */
const stretchBytes = 8 * pageBytes

interface Word {
  /** The line up to the list of files. */
  readonly begins: string
  readonly files: number[]
}

interface Pending {
  readonly word: Word
  readonly run: number
}

/** What it needs of a locus. */
type Host = Pick<Locus, 'safepoint' | 'outside'>

export function exportTo(locus: Host, map: SharedMap, file: string): ExportResult {
  const words: Word[] = []
  const pending = new Map<number, Pending[]>()
  const waitFor = (word: Word, run: number): void => {
    const stretch = Math.floor(run / stretchBytes)
    const others = pending.get(stretch)
    if (others === undefined) pending.set(stretch, [{ word, run }])
    else others.push({ word, run })
  }
  for (const [key, bytes] of map.entries()) {
    const { count, files, newest } = readValue(bytes)
    const begins = `${Buffer.from(key).toString('utf8')}\t${count}\t${files}\t`
    const word: Word = { begins, files: [] }
    words.push(word)
    waitFor(word, newest)
  }
  while (pending.size > 0) {
    locus.safepoint()
    const stretch = Math.max(...pending.keys())
    const here = pending.get(stretch)!
    pending.delete(stretch)
    for (const { word, run } of here) {
      const older = readRun(map.heap, run, word.files)
      if (older !== 0) waitFor(word, older)
    }
  }
  writeLines(locus, file, words)
  return { words: words.length, pages: map.heap.stats().pageBytesInUse / pageBytes }
}

function writeLines(locus: Host, file: string, words: readonly Word[]): void {
  locus.outside(() => fs.writeFileSync(file, ''))
  for (let at = 0; at < words.length; at += linesAWrite) {
    locus.safepoint()
    locus.outside(() => {
      const lines = words
        .slice(at, at + linesAWrite)
        .map(({ begins, files }) => `${begins}${files.sort((a, b) => a - b).join(',')}\n`)
      fs.appendFileSync(file, lines.join(''))
    })
  }
}
