/** A folder of text made from a seed: the same seed gives the same files. */
import fs from 'node:fs'
import path from 'node:path'
import { Random } from '@katydid/actor'

export interface TextShape {
  readonly files: number
  readonly wordsAFile: number
  /** How many different words there are to choose from; a few are much more frequent than others. */
  readonly vocabulary: number
}

/** Writes the files into `folder`. Answers their sizes added up. */
export function writeTextCorpus(folder: string, seed: number, shape: TextShape): number {
  const random = new Random(seed)
  const separators = [' ', '\n', ', ', '.\n', ' — ', '\t', '-']
  let bytes = 0
  for (let file = 0; file < shape.files; file++) {
    const words = Array.from({ length: shape.wordsAFile }, () => {
      const isFrequent = random.chance(0.3)
      const word = random.below(isFrequent ? 50 : shape.vocabulary)
      return `${wordOf(word)}${separators[random.below(separators.length)]!}`
    })
    const text = Buffer.from(words.join(''))
    fs.mkdirSync(path.join(folder, String(file % 3)), { recursive: true })
    fs.writeFileSync(path.join(folder, String(file % 3), `${file}.txt`), text)
    bytes += text.length
  }
  return bytes
}

/** Words of many lengths, some with letters beyond ASCII. */
function wordOf(number: number): string {
  const tail = ['', 'ness', 'É', '漢字', '_and_more_of_the_same'][number % 5]!
  return `${number.toString(36)}${tail}`
}
