/** Files below a disk: the real one cut short by the system, the faulty one, and the journals of both kinds. */
import fs from 'node:fs'
import path from 'node:path'
import {
  crashImage,
  FaultyFile,
  FileFault,
  FileJournal,
  JournaledFile,
  MemoryFile,
  MemoryJournal,
  powerCut,
  readJournal,
  RealFile,
  systemCalls,
  type BlockFile,
  type FaultPlan,
  type FileCalls,
} from '@katydid/devices'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { alice, Bench, pageContent } from './bench.js'

const parts = [1, 2, 3, 4].map((id) => pageContent(id))

/** A real file whose calls are cut to `most` bytes each. */
function shortFile(t: ExecutionContext, most: number, more: Partial<FileCalls> = {}): RealFile {
  const fd = fs.openSync(path.join(temporaryFolder(t), 'disk'), 'w+')
  t.teardown(() => fs.closeSync(fd))
  return new RealFile(fd, 512, {
    ...systemCalls,
    readv: (of, into, at) => systemCalls.readv(of, into.subarray(0, most), at),
    writev: (of, all, at) => {
      const bytes = Buffer.concat(all).subarray(0, most)
      return systemCalls.writev(of, [bytes], at)
    },
    ...more,
  })
}

function readAll(file: BlockFile, block: number, blocks: number): Buffer {
  const bytes = Buffer.alloc(blocks * 512)
  file.read(block, bytes)
  return bytes
}

for (const most of [1, 511, 513, 700, 4096]) {
  test(`[DK15] writes and reads of at most ${most} bytes at a time are continued`, (t) => {
    const file = shortFile(t, most)

    file.write(3, parts)

    t.deepEqual(readAll(file, 3, 4), Buffer.concat(parts))
  })
}

test('[DK15] a write that makes no progress fails', (t) => {
  const file = shortFile(t, 512, { writev: () => 0 })

  t.throws(() => file.write(1, parts), { instanceOf: FileFault, message: /took no byte/ })
})

test('[DK15] what the system refuses comes with its own word', (t) => {
  const refuse = (): never => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  }
  const file = shortFile(t, 512, { writev: refuse })

  const error = t.throws(() => file.write(1, parts), { instanceOf: FileFault })

  t.is(error?.code, 'ENOSPC')
})

test('[DK15] behind its end a file reads as zeros', (t) => {
  const file = shortFile(t, 4096)

  file.write(0, [parts[0]!])

  t.deepEqual(readAll(file, 0, 2), Buffer.concat([parts[0]!, Buffer.alloc(512)]))
})

test('[DK18] the same seed and the same operations make the same faults, another seed others', (t) => {
  const plan: FaultPlan = { seed: 5, lose: 0.2, misdirect: 0.2, flip: 0.2 }

  const images = [plan, plan, { ...plan, seed: 6 }].map((each) => {
    const memory = new MemoryFile(512)
    const file = new FaultyFile(memory, each)
    for (let nth = 0; nth < 40; nth++) file.write(nth, [pageContent(nth)])
    return Buffer.from(memory.image)
  })

  t.true(images[0]!.equals(images[1]!))
  t.false(images[0]!.equals(images[2]!))
})

test('[DK18] lost, misdirected and bent writes are found out at the next opening', (t) => {
  const seen = { lost: 0, whole: 0 }
  for (let seed = 0; seed < 60; seed++) {
    const kind = (['lose', 'misdirect', 'flip'] as const)[seed % 3]!
    const bench = new Bench({ faults: { seed, [kind]: 0.1 }, capacity: 16 })
    const ids = Array.from({ length: 12 }, (_, nth) => nth + 1)
    for (const id of ids) bench.store(alice, [id])

    const again = new Bench({ image: bench.memory.image, capacity: 16 })
    const { pages } = again.scan(alice)

    t.deepEqual(
      pages.map(({ page }) => page),
      ids.slice(0, pages.length),
    )
    for (const { page, block } of pages)
      t.deepEqual(Buffer.from(again.block(block)), Buffer.from(pageContent(page)))
    // The last group has no later one to bear witness for it; all others have.
    if (pages.length < ids.length - 1) t.not(again.opened.damage, null)
    seen[pages.length < ids.length ? 'lost' : 'whole'] += 1
  }

  t.true(seen.lost > 10 && seen.whole > 5, JSON.stringify(seen))
})

test('[DK18] a journal in a file tells the same as one in memory, and a cut entry does not count', (t) => {
  const file = path.join(temporaryFolder(t), 'journal')
  const inFile = new FileJournal(file)
  const inMemory = new MemoryJournal()
  const disk = new JournaledFile(new JournaledFile(new MemoryFile(512), inMemory), inFile)

  disk.write(1, [parts[0]!])
  const finish = disk.beginSync()
  disk.write(2, [parts[1]!, parts[2]!])
  finish()
  inFile.close()
  fs.appendFileSync(file, new Uint8Array(20).fill(1))

  const read = readJournal(file)
  // The outer journal began its barrier where the inner one finished: only the outer knows that the second write is not covered.
  t.deepEqual(
    read.map((entry) => (entry.kind === 'write' ? entry.at : entry.covers)),
    [512, 1024, 1],
  )
  t.deepEqual(
    read
      .filter(({ kind }) => kind === 'write')
      .map((entry) => ('bytes' in entry ? entry.bytes.length : 0)),
    [512, 1024],
  )
  t.is(inMemory.entries.length, 3)
})

test('[DK18] a power cut leaves what a barrier covered and any sectors of the rest', (t) => {
  const journal = new MemoryJournal()
  const file = new JournaledFile(new MemoryFile(512), journal)
  file.write(0, [parts[0]!])
  file.sync()
  file.write(1, [parts[1]!, parts[2]!])

  const cut = powerCut(new Uint8Array(0), journal.entries)
  const image = crashImage(cut, (nth) => nth === 1)

  t.is(cut.sectors.length, 2)
  t.deepEqual(Buffer.from(image), Buffer.concat([parts[0]!, Buffer.alloc(512), parts[2]!]))
})
