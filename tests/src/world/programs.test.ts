/** How a program is known. */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { KatydidError } from '@katydid/world/error.js'
import { findProgram } from '@katydid/world/programs.js'
import test from 'ava'
import { temporaryFolder } from '../support/folders.js'

test('[WO6] a program is known by its file and its content', (t) => {
  const file = path.join(temporaryFolder(t), 'a b.mjs')
  fs.writeFileSync(file, 'export default () => 1')
  const first = findProgram(file)

  const again = findProgram(file)
  fs.writeFileSync(file, 'export default () => 2')
  const changed = findProgram(file)

  t.is(first.module, pathToFileURL(file).href)
  t.is(first.entry, 'default')
  t.deepEqual(again, first)
  t.not(changed.hash, first.hash)
})

test('[WO6] a program that is not there is no_such_program', (t) => {
  const folder = temporaryFolder(t)

  for (const file of [path.join(folder, 'none.mjs'), folder]) {
    const error = t.throws(() => findProgram(file), { instanceOf: KatydidError })
    t.is(error.status, 'no_such_program')
  }
})

/** Writes files into a folder of their own and answers what changes or hashes them. */
function modules(folder: string, files: Readonly<Record<string, string>>) {
  const write = (name: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
  return { write, hash: () => findProgram(path.join(folder, 'main.mjs')).hash }
}

const graph = {
  'main.mjs': "import { a } from './lib/a.mjs'\nimport 'some-package/part'\nexport default () => a",
  'lib/a.mjs':
    "export * from /* here */ './b.mjs'\nexport const a = await import('./c.js')\nimport './a.mjs'",
  'lib/b.mjs': "import d from '../d.json'\nimport '../main.mjs'\nexport const b = d",
  'lib/c.js': "const e = require('./e')\nmodule.exports = e",
  'lib/e.js': 'module.exports = 1',
  'd.json': '{}',
  'other.mjs': 'export default 1',
  'node_modules/some-package/package.json': '{"version":"1.2.3"}',
  'node_modules/some-package/part.js': '1',
}

for (const changed of ['main.mjs', 'lib/a.mjs', 'lib/b.mjs', 'lib/c.js', 'lib/e.js', 'd.json'])
  test(`[WO24] a program has changed when ${changed}, which it reaches by relative imports, has`, (t) => {
    const { write, hash } = modules(temporaryFolder(t), graph)
    const before = hash()

    write(changed, `${graph[changed as 'd.json']}\n`)

    t.not(hash(), before)
  })

test('[WO24] a package counts by name and version, another file not at all', (t) => {
  const { write, hash } = modules(temporaryFolder(t), graph)
  const before = hash()

  write('other.mjs', 'export default 2')
  write('node_modules/some-package/part.js', '2')
  const same = hash()
  write('node_modules/some-package/package.json', '{"version":"1.2.4"}')

  t.is(same, before)
  t.not(hash(), before)
})

test('[WO24] the same files in another folder are the same program, under another name too', (t) => {
  const here = temporaryFolder(t)
  const there = temporaryFolder(t)
  const { hash } = modules(here, { 'main.mjs': "import './x.mjs'", 'x.mjs': '1' })
  const other = modules(there, { 'renamed.mjs': "import './x.mjs'", 'x.mjs': '1' })
  other.write('x.mjs', '1')

  t.is(findProgram(path.join(there, 'renamed.mjs')).hash, hash())
})
