/** `npm run new`: what it makes, and what it refuses. That it runs is shown by managers made by it. */
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { importScript, readText, root } from '../support/house.js'

interface NewScript {
  readonly newManager: (name: string, root: string) => string[]
}

const source = 'packages/managers/src/template'
const testFile = 'tests/src/managers/template.test.ts'

/** A tree with nothing but the template and its test. */
function tree(t: Parameters<typeof temporaryFolder>[0]): string {
  const folder = temporaryFolder(t)
  fs.cpSync(path.join(root, source), path.join(folder, source), { recursive: true })
  fs.mkdirSync(path.dirname(path.join(folder, testFile)), { recursive: true })
  fs.copyFileSync(path.join(root, testFile), path.join(folder, testFile))
  return folder
}

test('[MG39] a new manager has the files of the template under its own name', async (t) => {
  const { newManager } = await importScript<NewScript>('new.mjs')
  const folder = tree(t)

  const files = newManager('read-twice', folder)
  const texts = files.map((file) => fs.readFileSync(path.join(folder, file), 'utf8'))

  t.deepEqual([...files].sort(), [
    'packages/managers/src/read-twice/README.md',
    'packages/managers/src/read-twice/read-twice.ts',
    'packages/managers/src/read-twice/read-twice.worker.ts',
    'tests/src/managers/read-twice.test.ts',
  ])
  t.true(texts.some((text) => text.includes('export class ReadTwiceManager {')))
  t.true(texts.some((text) => text.includes("from './read-twice.js'")))
  t.false(texts.some((text) => /TemplateManager|template\.(js|ts|worker)/.test(text)))
})

test('[MG39] a name that is no name, or that is taken, is refused and nothing is written', async (t) => {
  const { newManager } = await importScript<NewScript>('new.mjs')
  const folder = tree(t)
  newManager('mine', folder)
  const before = fs.readFileSync(path.join(folder, 'packages/managers/src/mine/mine.ts'), 'utf8')
  fs.writeFileSync(path.join(folder, 'packages/managers/src/mine/mine.ts'), `${before}// mine`)

  for (const name of ['Mine', '../x', '', 'a--b']) t.throws(() => newManager(name, folder))
  const error = t.throws(() => newManager('mine', folder))

  t.regex(error.message, /there already/)
  t.true(
    fs
      .readFileSync(path.join(folder, 'packages/managers/src/mine/mine.ts'), 'utf8')
      .endsWith('// mine'),
  )
})

test('[MG39] the code of the guide is the code of the manager that it makes, in under 150 lines', (t) => {
  const guide = readText('docs/guides/write-a-manager.md')
  const files = [
    'packages/managers/src/read-ahead/read-ahead.ts',
    'tests/src/managers/read-ahead.test.ts',
  ]
  const texts = files.map(readText)

  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code!)
  const strange = blocks.filter((code) => !texts.some((text) => text.includes(code)))

  t.true(blocks.length >= 6)
  t.deepEqual(strange, [])
  t.true(texts[0]!.split('\n').length < 150)
})
