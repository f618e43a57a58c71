/** Where a run lives, and what is left of it. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { keep, makeWorkFolder } from '@katydid/demo/job/work-folder.js'
import { progressFile, readProgress, writeProgress } from '@katydid/demo/job/progress-file.js'

test('[JB13] a folder is made anew and removed with all that is in it', (t) => {
  const home = makeHome(t)

  const work = makeWorkFolder(home)
  const before = fs.readdirSync(work.path)
  fs.mkdirSync(work.world)
  fs.writeFileSync(path.join(work.world, 'x'), 'x')
  const used = work.usedBytes()
  work.remove()

  t.deepEqual(before, [])
  t.true(used > 0)
  t.deepEqual(fs.readdirSync(home), [])
})

test('[JB13] folders of killed runs are removed; those that live, are kept or are not ours stay', (t) => {
  const home = makeHome(t)
  const gone = spawnSync(process.execPath, ['-e', '']).pid
  const kept = { ...makeWorkFolder(home), path: path.join(home, `main-job-${gone}-kept`) }
  const stay = [path.basename(kept.path), `main-job-${process.ppid}-lives`, 'other']
  for (const name of [...stay, `main-job-${gone}-killed`]) fs.mkdirSync(path.join(home, name))
  keep(kept)

  const mine = [makeWorkFolder(home), makeWorkFolder(home)].map((work) => path.basename(work.path))

  const names = fs.readdirSync(home)
  t.false(names.includes(`main-job-${gone}-killed`))
  t.deepEqual(
    [...stay, ...mine].filter((name) => !names.includes(name)),
    [],
  )
})

test('[JB12] progress is read as it was written; none is zeros', (t) => {
  const home = makeHome(t)
  const file = progressFile(home, 3)
  const progress = { starts: 2, startedAtBytes: 5e9, readBytes: 6e9, words: 7, mergedFiles: 8 }

  const before = readProgress(file)
  writeProgress(file, { ...progress, starts: 1 })
  writeProgress(file, progress)

  t.is(before.starts, 0)
  t.deepEqual(readProgress(file), progress)
})

function makeHome(t: ExecutionContext): string {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-home-'))
  t.teardown(() => fs.rmSync(home, { recursive: true }))
  return home
}
