import test from 'ava'
import { asBlock, asInterval, asPosition, asToken } from '@katydid/abi'
import { LogReplay } from '@katydid/managers/self-managing/log-replay.js'
import { readRecord, writeRecord } from '@katydid/managers/self-managing/log-records.js'
import { readRootPage, writeRootPage } from '@katydid/managers/self-managing/root-page.js'

const token = asToken(5)
const found = (interval: number, page: number, block: number) => ({
  cont: token,
  stateInterval: asInterval(interval),
  page,
  block: asBlock(block),
  checksum: block * 3,
})
const commit = (interval: number, ...blocks: number[]) => ({
  what: 'commit' as const,
  token,
  interval: asInterval(interval),
  count: blocks.length,
  sum: blocks.reduce((sum, block) => sum + block * 3, 0),
  takenMs: 1_000 + interval,
  listed: false,
})

function replayed(): LogReplay {
  return new LogReplay(() => asInterval(0))
}

test('[MG8] a version is the pages of its interval, the last written of each, when count and sum agree', (t) => {
  const replay = replayed()
  for (const page of [found(1, 7, 100), found(1, 7, 101), found(1, 8, 102), found(2, 9, 103)])
    replay.page(page)

  replay.record(commit(1, 101, 102))

  const { versions, open } = replay.containers.get(token)!
  t.deepEqual(
    [...versions[0]!.places].map(([page, { block }]) => [page, block as number]),
    [
      [7, 101],
      [8, 102],
    ],
  )
  t.is(open.length, 1)
})

test('[MG8] a version that lacks a page does not exist, nor does any later one', (t) => {
  const replay = replayed()
  replay.page(found(1, 7, 100))
  replay.record(commit(1, 100, 101))
  replay.page(found(2, 7, 102))
  replay.record(commit(2, 102))

  const { versions, brokenAt } = replay.containers.get(token)!

  t.is(versions.length, 0)
  t.is(brokenAt as number, 1)
})

const listed = (interval: number, nth: number, ...blocks: number[]) => ({
  what: 'places' as const,
  token,
  interval: asInterval(interval),
  nth,
  places: blocks.map(
    (block) => [block - 90, { block: asBlock(block), checksum: block * 3 }] as const,
  ),
})
const blocksOf = (replay: LogReplay): number[][] =>
  replay.containers
    .get(token)!
    .versions.map(({ places }) => [...places.values()].map(({ block }) => block))

test('[MG141] a version is what its list says, whatever descriptors are left of it, and older ones are shown again when they are listed', (t) => {
  const replay = replayed()
  // Of version 1 the scan finds the end only, and of version 2 all.
  replay.page(found(1, 7, 100))
  replay.record(commit(1, 100, 101))
  replay.page(found(2, 7, 102))
  replay.record(commit(2, 102))
  t.deepEqual(blocksOf(replay), [])

  // A list that was not finished is begun again.
  replay.record(listed(1, 0, 98, 99))
  replay.record(listed(1, 0, 110))
  replay.record(listed(1, 1, 111))
  replay.record({ ...commit(1, 110, 111), listed: true })

  t.deepEqual(blocksOf(replay), [[110, 111], [102]])
  t.is(replay.containers.get(token)!.brokenAt, null)
  replay.record({ what: 'rolled back', token, interval: asInterval(1), open: asInterval(9) })
  t.deepEqual(blocksOf(replay), [[110, 111]])
})

test('[MG10] a rollback note voids what lies between, and nothing after', (t) => {
  const replay = replayed()
  for (const page of [found(1, 7, 100), found(2, 7, 101), found(10, 7, 102)]) replay.page(page)
  replay.record(commit(1, 100))
  replay.record(commit(2, 101))
  replay.record({ what: 'rolled back', token, interval: asInterval(1), open: asInterval(10) })
  replay.record(commit(10, 102))

  const { versions } = replay.containers.get(token)!

  t.deepEqual(
    versions.map(({ interval }) => interval as number),
    [1, 10],
  )
})

test('[MG8] records read back as they were written', (t) => {
  const records = [
    commit(9, 4, 5),
    { ...commit(9, 4, 5), listed: true },
    listed(9, 3, 91, 95),
    { what: 'adopted' as const, token, size: 2 ** 40 },
    { what: 'rolled back' as const, token, interval: asInterval(3), open: asInterval(2e9) },
    { what: 'destroyed' as const, token },
    { what: 'dropped' as const, token, interval: asInterval(4e9) },
    { what: 'retain' as const, token, count: 7 },
    { what: 'retain' as const, token, count: null },
  ]

  const back = records.map((record) => {
    const { kind, content } = writeRecord(record)
    return readRecord(kind, content)
  })

  t.deepEqual(back, records)
  t.is(readRecord('note', new Uint8Array([0xc0])), null)
})

test('[MG12] a root page reads back as it was written, and another page is refused', (t) => {
  const root = {
    allocated: 200,
    freePage: 170,
    nextToken: 9,
    replayFrom: asPosition(1234),
    interval: asInterval(4e9),
    sharedPages: 12,
    sharedBlocks: 3_000_000_000,
    containers: [
      { token, mapRoot: 161, height: 2, history: 170, folded: asInterval(77), size: 2 ** 33 },
    ],
    selfMap: [{ block: asBlock(4_000_000_000), checksum: 0xffffffff }],
  }

  const bytes = writeRootPage(root, 4096)

  t.deepEqual(readRootPage(bytes), root)
  t.is(typeof readRootPage(new Uint8Array(4096)), 'string')
  t.is(typeof readRootPage(writeRootPage(root, 16384).subarray(0, 4096)), 'string')
})
