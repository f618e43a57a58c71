/** The private count of the program against a plain map. */
import test from 'ava'
import * as fc from 'fast-check'
import { WordTable } from '@katydid/demo/word/word-table.js'

test('[JB3] the private count of some files is that of a plain map', (t) => {
  const word = fc.oneof(
    fc.constantFrom('a', 'b', 'the'),
    fc.string({ minLength: 1, maxLength: 20 }),
  )
  const files = fc.array(fc.array(word, { maxLength: 60 }), { maxLength: 8 })

  fc.assert(
    fc.property(files, (texts) => {
      const table = new WordTable()
      const plain = new Map<string, { count: number; files: Set<number> }>()
      for (const [file, words] of texts.entries()) {
        table.nextFile(file)
        for (const each of words) {
          const bytes = Buffer.from(each)
          table.add(bytes, bytes.length)
          const entry = plain.get(each) ?? { count: 0, files: new Set<number>() }
          plain.set(each, { count: entry.count + 1, files: entry.files.add(file) })
        }
      }
      const expected = [...plain].map(([each, { count, files: of }]) => [
        each,
        count,
        of.size,
        [...of].join(),
      ])
      t.deepEqual(contentOf(table), expected.sort(byWord))
    }),
    { numRuns: 300 },
  )
})

test('[JB3] the private count grows past what it was made for', (t) => {
  const table = new WordTable()

  table.nextFile(5)
  for (let n = 0; n < 100_000; n++) {
    const bytes = Buffer.from(`word${n % 50_000}`)
    table.add(bytes, bytes.length)
  }

  t.is(table.length, 50_000)
  t.true(
    contentOf(table).every(([, count, files, list]) => count === 2 && files === 1 && list === '5'),
  )
})

type Row = (string | number)[]

function contentOf(table: WordTable): Row[] {
  const rows = Array.from({ length: table.length }, (_, entry): Row => [
    Buffer.from(table.wordOf(entry)).toString('utf8'),
    table.countOf(entry),
    table.filesOf(entry),
    listOf(table, entry).join(),
  ])
  return rows.sort(byWord)
}

function listOf(table: WordTable, entry: number): number[] {
  const files: number[] = []
  table.visitFiles(entry, (file, index) => (files[index] = file))
  return files
}

function byWord([a = '']: Row, [b = '']: Row): number {
  return a < b ? -1 : a > b ? 1 : 0
}
