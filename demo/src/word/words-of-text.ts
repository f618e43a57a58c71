/**
 * The verifier's reading of *word* (docs/guides/main-job.md): decoded text and one regular expression.
 *
 * Written apart from the program's, on strings where that works on bytes, so that a slip in one shows as a
 * difference. A text may come in pieces; a run that touches the end of a piece is kept back for the next.
 */
import { maxWordBytes } from './max-word-bytes.js'

const run = /[\p{L}\p{M}\p{N}_]+/gu
const partOfRun = /^[\p{L}\p{M}\p{N}_]$/u

/** The words of one whole file, in order. */
export function* wordsOfText(pieces: Iterable<Uint8Array>): Generator<string> {
  const decoder = new TextDecoder('utf-8')
  let kept = ''
  for (const piece of pieces) {
    const text = kept + decoder.decode(piece, { stream: true })
    const tail = startOfLastRun(text)
    yield* wordsIn(text.slice(0, tail))
    kept = shorten(text.slice(tail))
  }
  yield* wordsIn(kept + decoder.decode())
}

function* wordsIn(text: string): Generator<string> {
  for (const found of text.match(run) ?? []) {
    if (found.length > maxWordBytes) continue
    const byteLength = Buffer.byteLength(found)
    if (byteLength > maxWordBytes) continue
    const isAscii = byteLength === found.length
    yield isAscii ? found.toLowerCase() : found.replace(/[A-Z]+/g, (some) => some.toLowerCase())
  }
}

/** Where the run begins that reaches to the end of the text; the text's length where none does. */
function startOfLastRun(text: string): number {
  let start = text.length
  while (start > 0) {
    const isSecondHalf = /[\udc00-\udfff]/.test(text[start - 1]!)
    const before = Math.max(0, start - (isSecondHalf ? 2 : 1))
    if (!partOfRun.test(text.slice(before, start))) return start
    start = before
  }
  return 0
}

/** A run kept back need not be remembered in full once it is too long to be a word; half a character is not kept. */
function shorten(kept: string): string {
  if (kept.length <= maxWordBytes + 2) return kept
  const isHalf = /[\ud800-\udbff]/.test(kept[maxWordBytes + 1]!)
  return kept.slice(0, maxWordBytes + (isHalf ? 1 : 2))
}
