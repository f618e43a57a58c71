/** When a run fails although nothing is wrong with the index, and when the index is wrong. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { reasonsToFail } from '@katydid/demo/job/verdict.js'
import { compareIndex, countWords, type Comparison } from '@katydid/demo/job/verify.js'
import { someTotals } from '../support/main-job.js'

const { manager } = someTotals()
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
  [
    'maps of the manager that fit into its frames',
    { manager: { ...manager, pages: 4 } },
    /^The manager’s maps take only 4 pages, and it has 4 frames/,
  ],
  [
    'a manager that was to come back and did not',
    { manager: { ...manager, faultsBack: null } },
    /^The manager was to be ended and to come back, and did not/,
  ],
  [
    'a manager that came back and did not bring its maps in',
    { manager: { ...manager, faultsBack: 4 } },
    /^After the manager had come back it brought in only 4 of its own pages/,
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
  t.deepEqual(
    reasonsToFail(someTotals({ manager: { ...manager, isToEnd: false, faultsBack: null } })),
    [],
    'without kills the manager is not ended either',
  )
})

const right = 'a\t3\t2\t0,1\nb\t1\t1\t0\n'
const indexes = [
  ['is the same in another order', 'b\t1\t1\t0\na\t3\t2\t0,1\n', 0, ''],
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
  [
    'has another file',
    right.replace('0,1', '0,2'),
    1,
    '"a" is in other 2 files in the index than in the text: file 2 where the text has file 1',
  ],
  [
    'lacks a file in the list',
    right.replace('0,1', '0'),
    1,
    '"a" is in other 2 files in the index than in the text: file none where the text has file 1',
  ],
  [
    'has a file too many in the list',
    right.replace('0,1', '0,1,1'),
    1,
    '"a" is in other 2 files in the index than in the text: its list in the index has 3',
  ],
  [
    'lacks a word',
    'a\t3\t2\t0,1\n',
    1,
    '"b" is 1 times in 1 files in the text, but not in the index',
  ],
  [
    'has a word too many',
    `${right}c\t1\t1\t0\n`,
    1,
    '"c" stands in the index, 1 times in 1 files, but not in the text',
  ],
  [
    'has a word twice',
    `${right}b\t1\t1\t0\n`,
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
    if (step.done === true) return compareIndex([indexFile], step.value)
  }
}
