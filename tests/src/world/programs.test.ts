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
