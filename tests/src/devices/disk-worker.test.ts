/** The disk on real threads: counters, frames, slow and failing barriers, stopping, and a power cut made of a journal. */
import path from 'node:path'
import {
  actorPorts,
  asFrame,
  asInterval,
  asPosition,
  asToken,
  diskCalls,
  type ArgsOf,
} from '@katydid/abi'
import { crashImage, powerCut, readJournal } from '@katydid/devices'
import { beginTransfer } from '@katydid/memory'
import test, { type ExecutionContext } from 'ava'
import { temporaryFolder } from '../support/folders.js'
import { ok, pageContent, recordContent, recordId } from './bench.js'
import { DiskThreads, grantDisk, type ThreadOptions } from './disk-threads.js'

type WriteArgs = ArgsOf<typeof diskCalls.diskWrite>

async function startDisk(
  t: ExecutionContext,
  options: Partial<ThreadOptions> = {},
): Promise<DiskThreads> {
  const disk = await DiskThreads.start(temporaryFolder(t), {
    segmentBlocks: 16,
    segments: 8,
    ...options,
  })
  t.teardown(() => disk.close())
  return disk
}

/** One page by value and a record that bears its number. */
const numbered = (id: number, barrier: boolean): WriteArgs => ({
  pages: [
    {
      cont: asToken(1),
      stateInterval: asInterval(1),
      page: id,
      frame: asFrame(0),
      content: pageContent(id, 4096),
    },
  ],
  records: [{ kind: 'note', content: recordContent(id) }],
  barrier,
})

test('[DK13] pages are written from frames of shared memory, and their transfers end', async (t) => {
  const disk = await startDisk(t)
  const { region, owners } = disk
  const first = region.plan.firstFrame / 4096
  const frames = [asFrame(first + 1), asFrame(first + 2)]
  for (const frame of frames) {
    region.frameBytes(frame).set(pageContent(frame, 4096))
    beginTransfer(region, frame)
  }

  const pages = frames.map((frame) => ({
    cont: asToken(1),
    stateInterval: asInterval(1),
    page: frame,
    frame,
    content: null,
  }))
  const { places } = ok(
    await disk.ask(owners[0], diskCalls.diskWrite, { pages, records: [], barrier: false }),
  )

  t.deepEqual(
    frames.map((frame) => region.words.load(region.frameWord(frame, 'transfer'))),
    [0, 0],
  )
  t.deepEqual(
    places.map(({ block }) => disk.read(block)),
    frames.map((frame) => pageContent(frame, 4096)),
  )
})

test('[DK1] the barrier thread has made as many barriers as the driver has acknowledged', async (t) => {
  const disk = await startDisk(t)
  const writes = Array.from({ length: 12 }, (_, nth) =>
    disk.ask(disk.owners[nth % 2]!, diskCalls.diskWrite, numbered(nth, true)),
  )

  await Promise.all(writes)

  const driver = disk.counters(actorPorts.disk)
  const barriers = disk.counters(actorPorts.barrier).get('barriers')
  t.true(driver.get('acknowledgedGroups') >= 1)
  t.true(barriers >= driver.get('acknowledgedGroups'), `${barriers} barriers`)
  t.is(driver.get('pagesWritten'), 12)
  t.is(driver.get('writes'), 12)
})

test('[DK6] while a slow barrier is under way writes without one are answered', async (t) => {
  const disk = await startDisk(t, { faults: { seed: 1, slowBarrierMs: 400 } })
  const [one, two] = disk.owners
  const order: string[] = []

  const slow = disk
    .ask(one, diskCalls.diskWrite, numbered(1, true))
    .then(() => order.push('with barrier'))
  const quick = disk
    .ask(two, diskCalls.diskWrite, numbered(2, false))
    .then(() => order.push('without'))
  await Promise.all([slow, quick])

  t.deepEqual(order, ['without', 'with barrier'])
})

test('[DK12] a barrier that fails once ends all acknowledging', async (t) => {
  const failing = await startDisk(t, {
    barrierFaults: {
      seed: 1,
      refuse: [{ operation: 'sync', after: 2, times: 1, code: 'EIO' }],
    },
  })
  const [owner] = failing.owners
  const replies: string[] = []

  for (let nth = 0; nth < 5; nth++)
    replies.push((await failing.ask(owner, diskCalls.diskWrite, numbered(nth, true))).status)

  t.deepEqual(replies, ['ok', 'ok', 'io_error', 'io_error', 'io_error'])
  t.is((await failing.control.status()).state, 'offline')
})

test('[DK12] a barrier thread that dies leaves nobody waiting and nothing acknowledged', async (t) => {
  const disk = await startDisk(t, { barrierFaults: { seed: 1, slowBarrierMs: 60_000 } })
  const [one, two] = disk.owners
  const waiting = disk.ask(one, diskCalls.diskWrite, numbered(1, true))
  ok(await disk.ask(two, diskCalls.diskWrite, numbered(2, false)))

  await disk.endBarrierThread()
  const { status } = await waiting

  t.is(status, 'io_error')
  t.is((await disk.ask(one, diskCalls.diskSync, {})).status, 'io_error')
})

test('[DK17] a driver that is stopped makes everything durable, says so, and ends', async (t) => {
  const disk = await startDisk(t)
  ok(await disk.ask(disk.owners[0], diskCalls.diskWrite, numbered(1, false)))

  const problem = await disk.control.stop()
  const ending = await disk.ended
  await disk.crash()
  const { pages } = ok(
    await disk.ask(disk.owners[0], diskCalls.diskScan, {
      from: asPosition(0),
      cursor: 0,
      limit: 9,
    }),
  )

  t.is(problem, null)
  t.is(ending.event, 'exit')
  t.deepEqual(
    pages.map(({ page }) => page),
    [1],
  )
})

test('[DK16] a driver whose disk cannot be opened ends with the sentence', async (t) => {
  const disk = await startDisk(t, { image: new Uint8Array(8192).fill(9) })

  const { event, detail } = await disk.ended

  t.is(event, 'core')
  t.regex(detail, /Both superblocks of the disk are damaged/)
})

test('[DK1] after a power cut made of a killed disk’s journal, all acknowledged writes are there', async (t) => {
  const journal = path.join(temporaryFolder(t), 'journal')
  const disk = await startDisk(t, { faults: { seed: 1, journal } })
  const [one, two] = disk.owners
  const acknowledged: number[] = []
  for (let nth = 0; nth < 6; nth++) {
    ok(await disk.ask(one, diskCalls.diskWrite, numbered(nth, true)))
    acknowledged.push(nth)
    await disk.ask(two, diskCalls.diskWrite, numbered(100 + nth, false))
  }
  await disk.close()

  const cut = powerCut(new Uint8Array(0), readJournal(journal))
  const after = await startDisk(t, { image: crashImage(cut, () => false) })
  const found = ok(
    await after.ask(one, diskCalls.diskScan, { from: asPosition(0), cursor: 0, limit: 100 }),
  )

  t.deepEqual(
    found.records.map(({ content }) => recordId(content)),
    acknowledged,
  )
  t.is(ok(await after.ask(one, diskCalls.diskStatus, {})).damage, null)
})

test('[DK22] on threads: an owner whose capability is gone, or allows reading only, is refused from its next call on', async (t) => {
  const disk = await startDisk(t)
  const [owner] = disk.owners
  const write = () => disk.ask(owner, diskCalls.diskWrite, numbered(1, true))

  const first = await write()
  grantDisk(disk.region, owner, 1)
  const readOnly = await write()
  const read = await disk.ask(owner, diskCalls.diskStatus, {})
  grantDisk(disk.region, owner, 0)
  const nothing = await disk.ask(owner, diskCalls.diskStatus, {})

  t.deepEqual(
    [first.status, readOnly.status, read.status, nothing.status],
    ['ok', 'right_missing', 'ok', 'right_missing'],
  )
})
