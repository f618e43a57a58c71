/**
 * The plain in-memory count, and the comparison of the index with it, word for word.
 *
 * It reads the same list of files with its own reading of *word* and knows nothing of worlds. It yields as it goes,
 * so that whoever drives it can show progress and stop.
 */
import fs from 'node:fs'
import readline from 'node:readline'
import type { TextFile } from '../corpus/corpus.js'
import { piecesOf } from '../corpus/file-list.js'
import { wordsOfText } from '../word/words-of-text.js'
import { JobFailure } from './failure.js'

export interface Entry {
  count: number
  /** Places in the list of files, rising. */
  readonly files: number[]
}

/** Counts the words of the files: word -> how often, and in which files. Yields the bytes read so far. */
export function* countWords(files: readonly TextFile[]): Generator<number, Map<string, Entry>> {
  const words = new Map<string, Entry>()
  let bytes = 0
  for (const [number, file] of files.entries()) {
    try {
      countFile(words, file.path, number)
    } catch (error) {
      throw new JobFailure(
        `${file.path} could be read when the job began, and cannot be now: ${(error as Error).message}`,
      )
    }
    bytes += file.byteLength
    yield bytes
  }
  return words
}

const piece = Buffer.alloc(1024 * 1024)

function countFile(words: Map<string, Entry>, place: string, number: number): void {
  for (const word of wordsOfText(piecesOf(place, piece))) {
    const entry = words.get(word)
    if (entry === undefined) words.set(word, { count: 1, files: [number] })
    else {
      entry.count++
      if (entry.files.at(-1) !== number) entry.files.push(number)
    }
  }
}

export interface Comparison {
  readonly words: number
  /** Words whose entries are not the same, or that stand on one side only. */
  readonly differences: number
  /** Sentences about the first few of them. */
  readonly examples: readonly string[]
}

const exampleCount = 5

/**
 * Compares the exported index, which may stand in several files, with the count: a line a word, `word TAB count TAB number of files TAB file,file,…`. All four
 * must be the same. Uses the count up.
 */
export async function compareIndex(
  indexFiles: readonly string[],
  counted: Map<string, Entry>,
): Promise<Comparison> {
  const words = counted.size
  const examples: string[] = []
  let differences = 0
  const differ = (sentence: string): void => {
    if (++differences <= exampleCount) examples.push(sentence)
  }
  for await (const line of linesOf(indexFiles)) {
    const [word = '', count = '', length = '', files = ''] = line.split('\t')
    const expected = counted.get(word)
    const found = `${count} times in ${length} files`
    if (expected === undefined)
      differ(`"${word}" stands in the index, ${found}, but not in the text`)
    else if (String(expected.count) !== count || String(expected.files.length) !== length)
      differ(`"${word}" is ${found} in the index, but ${told(expected)} in the text`)
    else if (expected.files.join(',') !== files)
      differ(
        `"${word}" is in other ${length} files in the index than in the text: ${firstOther(expected, files)}`,
      )
    counted.delete(word)
  }
  for (const [word, entry] of counted)
    differ(`"${word}" is ${told(entry)} in the text, but not in the index`)
  return { words, differences, examples }
}

async function* linesOf(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) {
    const input = fs.createReadStream(file, 'utf8')
    yield* readline.createInterface({ input, crlfDelay: Infinity })
  }
}

function told({ count, files }: Entry): string {
  return `${count} times in ${files.length} files`
}

/** Where the two lists part. */
function firstOther({ files }: Entry, list: string): string {
  const found = list.split(',')
  const at = files.findIndex((file, index) => found[index] !== String(file))
  return at === -1
    ? `its list in the index has ${found.length}`
    : `file ${found[at] ?? 'none'} where the text has file ${files[at]}`
}
