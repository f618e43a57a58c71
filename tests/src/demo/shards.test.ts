/** The index over machines: several parts filled by slices, against a plain map. */
import { Heap, decodeBlock, SharedMap } from '@katydid/locus'
import test from 'ava'
import * as fc from 'fast-check'
import { mergeWords, readRun, readValue } from '@katydid/demo/program/postings.js'
import { Shards } from '@katydid/demo/program/shards.js'
import type { MergeTask, Shard } from '@katydid/demo/program/tasks.js'
import { tellWords, ToldWords } from '@katydid/demo/program/told-words.js'
import { WordTable } from '@katydid/demo/word/word-table.js'
import { LoneHolder, PlainMemory } from '../locus/support/plain.js'

const mostBytes = 32 * 1024
const word = fc.stringMatching(/^[a-z0-9é]{1,20}$/)
const texts = fc.array(fc.array(word, { maxLength: 60 }), { maxLength: 5 })

test('[JB17] every word is merged once, into the part that it falls to, wherever the locus is', (t) => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 4 }), fc.nat(3), (files, count, at) => {
      const here = at % count
      const maps = Array.from({ length: count }, newMap)
      const table = tableOf(files)

      mergeAll(maps, here, table)

      const found = maps.flatMap((map) =>
        [...map.entries()].map(([key, bytes]) => {
          const name = Buffer.from(key).toString('utf8')
          const { count: times, newest } = readValue(bytes)
          const numbers: number[] = []
          readRun(map.heap, newest, numbers)
          return { name, times, numbers: numbers.sort((a, b) => a - b) }
        }),
      )
      const expected = [...new Set(files.flat())].map((name) => ({
        name,
        times: files.flat().filter((each) => each === name).length,
        numbers: [...files.keys()].filter((number) => files[number]!.includes(name)),
      }))
      const byName = (a: { name: string }, b: { name: string }): number =>
        a.name < b.name ? -1 : 1
      t.deepEqual(found.sort(byName), expected.sort(byName))
    }),
    { numRuns: 100 },
  )
})

test('[JB17] an invocation has no more words than its block holds, and a large part takes several', (t) => {
  const table = tableOf([Array.from({ length: 20_000 }, (_, nth) => `word-number-${nth}`)])
  const maps = [newMap(), newMap()]

  const sizes = mergeAll(maps, 0, table)

  t.true(sizes.length > 5)
  t.true(sizes.every((size) => size <= mostBytes))
  t.is(maps[0]!.size + maps[1]!.size, 20_000)
  t.true(
    maps.every(({ size }) => size > 8000),
    'the parts are about as large as each other',
  )
})

test('[JB17] words are read as they were told', (t) => {
  const table = tableOf([['a', 'b', 'a'], ['été'], ['b', 'a']])

  const told = new ToldWords(tellWords(table, 0, table.length))

  const read = (words: ToldWords | WordTable): unknown[] =>
    Array.from({ length: words.length }, (_, entry) => {
      const files: number[] = []
      words.visitFiles(entry, (file, index) => (files[index] = file))
      return [Buffer.from(words.wordOf(entry)).toString(), words.countOf(entry), files]
    })
  t.deepEqual(read(told), read(table))
})

function newMap(): SharedMap {
  return SharedMap.open(Heap.open(new LoneHolder(), new PlainMemory(4 * 1024 * 1024)))
}

/** Merges the table as a locus of machine `here` does; an invocation is carried out in place. Answers the sizes of the blocks. */
function mergeAll(maps: readonly SharedMap[], here: number, table: WordTable): number[] {
  const sizes: number[] = []
  const invoke = (cap: unknown, block = new Uint8Array(0)): Uint8Array => {
    sizes.push(block.length)
    const { words } = decodeBlock(block) as MergeTask
    const told = new ToldWords(words)
    mergeWords(maps[Number(cap)]!, told, 0, told.length)
    return new Uint8Array(0)
  }
  const parts = maps.map((_, nth) => (nth === here ? 'here' : nth) as Shard)
  const shards = new Shards({ invoke }, maps[here]!, parts)
  const arranged = shards.arrange(table)
  for (let at = 0; at < table.length;) at = shards.merge(arranged, at)
  return sizes
}

function tableOf(files: readonly (readonly string[])[]): WordTable {
  const table = new WordTable()
  for (const [number, words] of files.entries()) {
    table.nextFile(number)
    for (const each of words) {
      const bytes = Buffer.from(each)
      table.add(bytes, bytes.length)
    }
  }
  return table
}
