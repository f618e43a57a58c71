/** When a run fails although nothing is wrong with the index, and when the index is wrong. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { reasonsToFail } from '@katydid/demo/job/verdict.js'
import { compareIndex, countWords, type Comparison } from '@katydid/demo/job/verify.js'
import { someTotals } from '../support/main-job.js'

const verdicts = [
  [
    'less than eight pages a frame',
    { pages: 8 * 128 - 1 },
    /only 1023 pages, less than 8 times the 128/,
  ],
  ['no dirty page discarded', { progress: { discardsDirty: 0 } }, /^No changed page was discarded/],
  ['no page read again', { progress: { reReads: 0 } }, /^No discarded page was read again/],
  [
    'fewer fdatasync than acknowledged groups',
    { barriers: 69 },
    /70 acknowledged groups but only 69/,
  ],
] as const

for (const [what, changed, sentence] of verdicts) {
  test(`[JB10] a run fails with ${what}`, (t) => {
    const reasons = reasonsToFail(someTotals(changed))

    t.is(reasons.length, 1)
    t.regex(reasons[0]!, sentence)
  })
}

test('[JB10] a run that shows everything does not fail', (t) => {
  t.deepEqual(reasonsToFail(someTotals({ pages: 8 * 128 })), [])
})

const right = 'a\t3\t2\nb\t1\t1\n'
const indexes = [
  ['is the same in another order', 'b\t1\t1\na\t3\t2\n', 0, ''],
  [
    'has another count',
    right.replace('3', '4'),
    1,
    '"a" is 4 times in 2 files in the index, but 3 times in 2 files in the text',
  ],
  [
    'has another number of files',
    right.replace('2', '1'),
    1,
    '"a" is 3 times in 1 files in the index, but 3 times in 2 files in the text',
  ],
  ['lacks a word', 'a\t3\t2\n', 1, '"b" is 1 times in 1 files in the text, but not in the index'],
  [
    'has a word too many',
    `${right}c\t1\t1\n`,
    1,
    '"c" stands in the index, 1 times in 1 files, but not in the text',
  ],
  [
    'has a word twice',
    `${right}b\t1\t1\n`,
    1,
    '"b" stands in the index, 1 times in 1 files, but not in the text',
  ],
  ['is empty', '', 2, '"a" is 3 times in 2 files in the text, but not in the index'],
] as const

for (const [what, index, differences, example] of indexes) {
  test(`[JB10] an index that ${what} has ${differences} differences`, async (t) => {
    const result = await compare(t, ['a b A', 'a'], index)

    t.is(result.differences, differences)
    t.is(result.examples[0] ?? '', example)
    t.is(result.words, 2)
  })
}

async function compare(
  t: ExecutionContext,
  texts: readonly string[],
  index: string,
): Promise<Comparison> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-verdict-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  const files = texts.map((text, at) => {
    const place = path.join(folder, String(at))
    fs.writeFileSync(place, text)
    return { path: place, byteLength: text.length, modifiedMs: 0 }
  })
  const indexFile = path.join(folder, 'index')
  fs.writeFileSync(indexFile, index)
  const counting = countWords(files)
  for (;;) {
    const step = counting.next()
    if (step.done === true) return compareIndex(indexFile, step.value)
  }
}
