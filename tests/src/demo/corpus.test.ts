/** Which files the main job takes. */
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { chooseFolder } from '@katydid/demo/corpus/folder.js'
import { changedFiles, findCorpus, type Corpus } from '@katydid/demo/corpus/corpus.js'
import { piecesOf, readFileList, writeFileList } from '@katydid/demo/corpus/file-list.js'

test('[JB4] every text file is taken once, by its real path, in order', (t) => {
  const folder = makeFolder(t, { 'b.txt': 'b', 'a/z.md': 'z', 'a/b/c': 'c', 'a.txt': '' })
  fs.symlinkSync('b.txt', path.join(folder, 'again.txt'))
  fs.symlinkSync('..', path.join(folder, 'a/ring'))
  const link = `${folder}-link`
  fs.symlinkSync(folder, link)
  t.teardown(() => fs.rmSync(link))

  const corpus = find(chooseFolder(link).path)

  t.deepEqual(names(corpus), ['a.txt', 'a/b/c', 'a/z.md', 'b.txt'])
  t.is(corpus.byteLength, 3)
})

test('[JB4] a file with a NUL among its first 8,000 bytes is binary', (t) => {
  const folder = makeFolder(t, {
    early: `${'a'.repeat(7999)}\0`,
    late: `${'a'.repeat(8000)}\0`,
    latin: Buffer.from([0x61, 0xe9, 0xff]),
  })

  const corpus = find(folder)

  t.deepEqual(names(corpus), ['late', 'latin'])
  t.is(corpus.binaryCount, 1)
})

test('[JB5] what cannot be read is reported, and the rest is taken', (t) => {
  const folder = makeFolder(t, { 'good.txt': 'x', 'gone/x.txt': 'x' })
  const steps = findCorpus(folder, Infinity)
  steps.next()
  fs.rmSync(path.join(folder, 'gone'), { recursive: true })

  const corpus = drain(steps)

  t.deepEqual(names(corpus), ['good.txt'])
  t.deepEqual(corpus.unreadable, [{ path: path.join(folder, 'gone'), reason: 'it is gone' }])
})

test('[JB4] a socket is no file and holds nothing up', async (t) => {
  const folder = makeFolder(t, { 'a.txt': 'x' })
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(path.join(folder, 'socket'), resolve))
  t.teardown(() => server.close())

  t.deepEqual(names(find(folder)), ['a.txt'])
})

test('[JB6] a limit takes files in order and tells what it leaves out', (t) => {
  const folder = makeFolder(t, { a: 'xxxx', b: 'xxxx', c: 'xxxx', d: 'x' })

  const corpus = find(folder, 9)

  t.deepEqual(names(corpus), ['a', 'b'])
  t.deepEqual(corpus.leftOut, { fileCount: 2, byteLength: 5 })
})

test('[JB6] the default is what is installed, within a limit; a given folder has none', (t) => {
  const folder = makeFolder(t, { a: 'x' })

  const standard = chooseFolder(null)
  const given = chooseFolder(folder)

  t.is(path.basename(standard.path), 'node_modules')
  t.deepEqual([standard.isDefault, standard.limitBytes < Infinity], [true, true])
  t.deepEqual([given.isDefault, given.limitBytes], [false, Infinity])
})

for (const [what, make, sentence] of [
  ['a missing folder', () => 'no/such/folder', /there is no such folder\.$/],
  ['a file', (folder: string) => path.join(folder, 'a'), /is not a folder; give the folder that/],
] as const) {
  test(`[JB7] ${what} as input gets one clear sentence`, (t) => {
    const folder = makeFolder(t, { a: 'x' })

    t.throws(() => chooseFolder(make(folder)), { message: sentence })
  })
}

test('[JB4] the list of files survives being written and read', (t) => {
  const folder = makeFolder(t, { 'a b\nc".txt': 'x', 'é.txt': 'é' })
  const { files } = find(folder)
  const list = path.join(folder, 'list')

  writeFileList(list, files)

  t.deepEqual(readFileList(list), files)
})

test('[JB5] a file that changes while the job runs is named', (t) => {
  const folder = makeFolder(t, { a: 'x', b: 'x', c: 'x' })
  const { files } = find(folder)

  fs.writeFileSync(path.join(folder, 'b'), 'xy')
  fs.rmSync(path.join(folder, 'c'))

  t.deepEqual(
    changedFiles(files).map((file) => path.basename(file)),
    ['b', 'c'],
  )
})

test('[JB4] the pieces of a file are the file', (t) => {
  const content = Buffer.from(Array.from({ length: 1000 }, (_, n) => n % 256))
  const folder = makeFolder(t, { a: content })

  const pieces = [...piecesOf(path.join(folder, 'a'), Buffer.alloc(64))].length
  const copies = Array.from(piecesOf(path.join(folder, 'a'), Buffer.alloc(64)), (piece) =>
    Buffer.from(piece),
  )

  t.is(pieces, 16)
  t.deepEqual(Buffer.concat(copies), content)
})

function makeFolder(t: ExecutionContext, content: Record<string, string | Uint8Array>): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-corpus-')))
  t.teardown(() => fs.rmSync(folder, { recursive: true }))
  for (const [name, bytes] of Object.entries(content)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), bytes)
  }
  return folder
}

function find(folder: string, limit = Infinity): Corpus {
  return drain(findCorpus(folder, limit))
}

function drain(steps: Generator<number, Corpus>): Corpus {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

function names(corpus: Corpus): string[] {
  return corpus.files.map((file) => path.relative(corpus.folder, file.path))
}
