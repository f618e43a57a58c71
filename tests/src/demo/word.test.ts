/** The two readings of *word*, each against the definition and against the other. */
import test from 'ava'
import * as fc from 'fast-check'
import { WordsOfBytes } from '@katydid/demo/word/words-of-bytes.js'
import { wordsOfText } from '@katydid/demo/word/words-of-text.js'

const cases: readonly (readonly [what: string, text: string | Uint8Array, words: string[]])[] = [
  ['letters, digits and low lines stand together', 'snake_case x86 0', ['snake_case', 'x86', '0']],
  ['anything else parts words', "don't a-b;c\n(d)", ['don', 't', 'a', 'b', 'c', 'd']],
  ['A to Z are small, other letters as they are', 'ABC Äpfel ÉTÉ', ['abc', 'Äpfel', 'ÉtÉ']],
  ['marks belong to words', 'e\u0301te\u0301', ['e\u0301te\u0301']],
  ['letters beyond 16 bits are letters, signs are not', '𝒳𝒴 😀 漢字', ['𝒳𝒴', '漢字']],
  [
    '64 bytes are a word, 65 are none',
    `${'a'.repeat(64)} ${'b'.repeat(65)} c`,
    ['a'.repeat(64), 'c'],
  ],
  [
    'the length counts bytes, not characters',
    `${'é'.repeat(32)} ${'é'.repeat(33)}`,
    ['é'.repeat(32)],
  ],
  ['bytes that are no UTF-8 part words', bytes(0x61, 0xff, 0x62, 0xc3, 0x63), ['a', 'b', 'c']],
  ['an overlong form is no letter', bytes(0x61, 0xc1, 0xa1, 0x62), ['a', 'b']],
  ['a surrogate in UTF-8 is no letter', bytes(0x61, 0xed, 0xa0, 0x80, 0x62), ['a', 'b']],
  ['a character cut off by the end parts nothing', bytes(0x61, 0xe6, 0xbc), ['a']],
  ['a byte order mark is no part of a word', '\ufeffa\ufeffb', ['a', 'b']],
]

for (const [what, text, words] of cases) {
  test(`[JB1] ${what}`, (t) => {
    const file = typeof text === 'string' ? Buffer.from(text) : text

    t.deepEqual(programReads([file]), words, 'the program')
    t.deepEqual([...wordsOfText([file])], words, 'the verifier')
  })
}

const anyBytes = fc.uint8Array({ maxLength: 300 })
/** Bytes that come near the edges of UTF-8 and of words much more often than random ones do. */
const nastyBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x41, 0x5f, 0x20, 0x7f, 0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }),
      fc.constantFrom('a'.repeat(31), 'é', '漢', '𝒳', '\u0301', 'İ', 'ſ', 'K', '😀'),
    ),
    { maxLength: 60 },
  )
  .map((parts) =>
    Buffer.concat(
      parts.map((part) => (typeof part === 'number' ? bytes(part) : Buffer.from(part))),
    ),
  )

for (const [what, arbitrary] of [
  ['any bytes', anyBytes],
  ['bytes at the edges of UTF-8', nastyBytes],
] as const) {
  test(`[JB2] program and verifier read the same words in ${what}, however the file is cut`, (t) => {
    fc.assert(
      fc.property(arbitrary, fc.array(fc.nat(300), { maxLength: 4 }), (file, cuts) => {
        const whole = [...wordsOfText([file])]
        t.deepEqual(programReads([file]), whole)
        t.deepEqual(programReads(cut(file, cuts)), whole)
        t.deepEqual([...wordsOfText(cut(file, cuts))], whole)
      }),
      { numRuns: 2000 },
    )
  })
}

function programReads(pieces: readonly Uint8Array[]): string[] {
  const words: string[] = []
  const reader = new WordsOfBytes((word, length) =>
    words.push(Buffer.from(word.subarray(0, length)).toString('utf8')),
  )
  for (const piece of pieces) reader.feed(piece)
  reader.end()
  return words
}

function cut(file: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((at) => at % (file.length + 1)), file.length]
  places.sort((a, b) => a - b)
  return places.slice(1).map((end, at) => file.subarray(places[at], end))
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}
