/** The index as it lies in container memory, against a plain map. */
import fs from 'node:fs'
import path from 'node:path'
import { Heap, SharedMap } from '@katydid/locus'
import test, { type ExecutionContext } from 'ava'
import * as fc from 'fast-check'
import { exportTo } from '@katydid/demo/program/export.js'
import { mergeWords } from '@katydid/demo/program/postings.js'
import { WordTable } from '@katydid/demo/word/word-table.js'
import { temporaryFolder } from '../support/folders.js'
import { LoneHolder, PlainMemory } from '../locus/support/plain.js'

const word = fc.oneof(fc.constantFrom('a', 'b', 'the'), fc.stringMatching(/^[a-z0-9é]{1,20}$/))
/** Words of files in batches; a batch's files are numbered on from the last one's. */
const batches = fc.array(fc.array(fc.array(word, { maxLength: 40 }), { maxLength: 4 }), {
  maxLength: 6,
})

test('[JB15] merged in batches and slices, the index has each word’s count and exact list of files', (t) => {
  const file = path.join(temporaryFolder(t), 'index')

  fc.assert(
    fc.property(batches, fc.integer({ min: 1, max: 30 }), (texts, slice) => {
      const map = SharedMap.open(Heap.open(new LoneHolder(), new PlainMemory(1024 * 1024)))
      const plain = new Map<string, { count: number; files: Set<number> }>()
      let number = 0
      for (const batch of texts) {
        const table = new WordTable()
        for (const words of batch) {
          table.nextFile(number)
          for (const each of words) {
            const bytes = Buffer.from(each)
            table.add(bytes, bytes.length)
            const entry = plain.get(each) ?? { count: 0, files: new Set() }
            plain.set(each, { count: entry.count + 1, files: entry.files.add(number) })
          }
          number++
        }
        for (let at = 0; at < table.length; at += slice)
          mergeWords(map, table, at, Math.min(table.length, at + slice))
      }
      const expected = [...plain].map(
        ([each, { count, files }]) => `${each}\t${count}\t${files.size}\t${[...files].join(',')}`,
      )
      t.deepEqual(exported(t, map, file).sort(), expected.sort())
    }),
    { numRuns: 150 },
  )
})

test('[JB15] a merge writes its runs to pages of its own', (t) => {
  const memory = new PlainMemory(1024 * 1024)
  const map = SharedMap.open(Heap.open(new LoneHolder(), memory))
  const table = new WordTable()
  table.nextFile(1)
  for (let n = 0; n < 3000; n++) table.add(Buffer.from(`w${n}`), `w${n}`.length)
  mergeWords(map, table, 0, table.length)
  const newest = map.getWords('w0')![2]!
  const before = memory.getBytes(newest, 12)

  mergeWords(map, table, 0, table.length)

  const again = map.getWords('w0')!
  t.deepEqual([again[0], again[1]], [2, 2])
  t.not(Math.floor(again[2]! / 4096), Math.floor(newest / 4096))
  t.deepEqual(memory.getBytes(newest, 12), before, 'an older run stays as it is')
  t.is(memory.getInt32(again[2]!), newest)
})

/** The lines that the exporter writes; it needs a locus only for safepoints and for what is outside. */
function exported(t: ExecutionContext, map: SharedMap, file: string): string[] {
  const locus = { safepoint: () => undefined, outside: <T>(foreign: () => T) => foreign() }
  const { words } = exportTo(locus, map, file)
  const lines = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)
  t.is(lines.length, words)
  return lines
}
