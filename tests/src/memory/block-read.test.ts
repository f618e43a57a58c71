/** A block read on the thread that needs it: whole and as written, or refused. */
import { asBlock } from '@katydid/abi'
import { checksum, readBlock } from '@katydid/memory'
import test, { type ExecutionContext } from 'ava'
import fs from 'node:fs'
import path from 'node:path'
import { temporaryFolder } from '../support/folders.js'

const blockBytes = 4096

/** A file of three blocks, open for reading and writing; block 1 is `content`. */
function fileWith(t: ExecutionContext, content: Uint8Array): number {
  const file = path.join(temporaryFolder(t), 'disk')
  const fd = fs.openSync(file, 'w+')
  t.teardown(() => fs.closeSync(fd))
  fs.ftruncateSync(fd, 3 * blockBytes)
  fs.writeSync(fd, content, 0, blockBytes, blockBytes)
  return fd
}

const content = Uint8Array.from({ length: blockBytes }, (_, i) => (i * 7) & 0xff)

test('[ME18] a block that is as it was written is read into shared memory', (t) => {
  const into = new Uint8Array(new SharedArrayBuffer(blockBytes))

  t.is(readBlock(fileWith(t, content), asBlock(1), into, checksum(content)), 'ok')

  t.deepEqual(Uint8Array.from(into), content)
})

test('[ME18] one bit wrong anywhere in the block is checksum_mismatch', (t) => {
  for (const bit of [0, 1, 4095, 8191, 20_000, blockBytes * 8 - 1]) {
    const rotten = Uint8Array.from(content)
    rotten[bit >> 3]! ^= 1 << (bit & 7)

    t.is(
      readBlock(fileWith(t, rotten), asBlock(1), new Uint8Array(blockBytes), checksum(content)),
      'checksum_mismatch',
    )
  }
})

test('[ME18] a block behind the end of the file, or of a file that is closed, is io_error', (t) => {
  const into = new Uint8Array(blockBytes)

  t.is(readBlock(fileWith(t, content), asBlock(3), into, checksum(content)), 'io_error')
  t.is(readBlock(999_999, asBlock(1), into, checksum(content)), 'io_error')
})
