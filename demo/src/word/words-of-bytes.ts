/**
 * The program's reading of *word* (docs/guides/main-job.md): bytes in, words out, through a small automaton.
 *
 * A file may be fed in pieces cut anywhere; `end()` closes it. A word is handed over as bytes in a buffer that is
 * used again: copy what you keep. Nothing here decodes to a string but the class of one character, and that once.
 * The verifier has its own reading, words-of-text.ts; the two share no line.
 */
import { maxWordBytes } from './max-word-bytes.js'

export type OnWord = (bytes: Uint8Array, length: number) => void

const separator = 0
const beginsCharacter = 1
/** For each byte: a word's byte (ASCII, letters made small), `separator`, or `beginsCharacter` above 0x7f. */
const classOf = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const isDigit = byte >= 0x30 && byte <= 0x39
  const isCapital = byte >= 0x41 && byte <= 0x5a
  const isSmall = byte >= 0x61 && byte <= 0x7a
  if (isCapital) classOf[byte] = byte + 0x20
  else if (isDigit || isSmall || byte === 0x5f) classOf[byte] = byte
  else classOf[byte] = byte >= 0x80 ? beginsCharacter : separator
}

const partOfWord = /[\p{L}\p{M}\p{N}]/u
const known = new Map<number, boolean>()

function isPartOfWord(codePoint: number): boolean {
  let answer = known.get(codePoint)
  if (answer === undefined) {
    answer = partOfWord.test(String.fromCodePoint(codePoint))
    known.set(codePoint, answer)
  }
  return answer
}

export class WordsOfBytes {
  readonly #onWord: OnWord
  readonly #word = new Uint8Array(maxWordBytes)
  #length = 0
  /** The character under way: its bytes so far, how many are still to come, and what the next may be. */
  readonly #character = new Uint8Array(4)
  #have = 0
  #need = 0
  #lowest = 0x80
  #highest = 0xbf

  constructor(onWord: OnWord) {
    this.#onWord = onWord
  }

  /** Reads on in the same file. */
  feed(bytes: Uint8Array, length = bytes.length): void {
    const word = this.#word
    for (let at = 0; at < length; at++) {
      const byte = bytes[at]!
      const kind = this.#need === 0 ? classOf[byte]! : beginsCharacter
      if (kind > beginsCharacter) {
        if (this.#length < maxWordBytes) word[this.#length] = kind
        this.#length++
      } else if (kind === separator) {
        if (this.#length !== 0) this.#close()
      } else this.#wide(byte)
    }
  }

  /** The file is over: what is under way is closed. */
  end(): void {
    this.#need = 0
    this.#close()
  }

  #close(): void {
    if (this.#length > 0 && this.#length <= maxWordBytes) this.#onWord(this.#word, this.#length)
    this.#length = 0
  }

  /** One byte of a character beyond ASCII. A byte that cannot go on is looked at anew, as the first of the next. */
  #wide(byte: number): void {
    if (this.#need === 0) return this.#begin(byte)
    if (byte < this.#lowest || byte > this.#highest) {
      this.#need = 0
      this.#close()
      const kind = classOf[byte]!
      if (kind === beginsCharacter) return this.#begin(byte)
      if (kind !== separator) this.#word[this.#length++] = kind
      return
    }
    this.#character[this.#have++] = byte
    this.#lowest = 0x80
    this.#highest = 0xbf
    if (--this.#need === 0) this.#take()
  }

  /** The table of well-formed UTF-8: no overlong form, no surrogate, nothing past U+10FFFF. */
  #begin(byte: number): void {
    this.#need = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    if (this.#need === 0) return this.#close()
    this.#lowest = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80
    this.#highest = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf
    this.#character[0] = byte
    this.#have = 1
  }

  #take(): void {
    const bytes = this.#have
    let codePoint = this.#character[0]! & (0x7f >> bytes)
    for (let at = 1; at < bytes; at++) codePoint = (codePoint << 6) | (this.#character[at]! & 0x3f)
    if (!isPartOfWord(codePoint)) return this.#close()
    if (this.#length + bytes <= maxWordBytes)
      for (let at = 0; at < bytes; at++) this.#word[this.#length + at] = this.#character[at]!
    this.#length += bytes
  }
}
