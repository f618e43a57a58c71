/** Where things go: packing, splitting, limits, what a scan answers. */
import { asFrame, asInterval, asToken, type pageWrite, type ValueOf } from '@katydid/abi'
import type { Frames } from '@katydid/devices'
import test from 'ava'
import { alice, Bench, bob, kernel, ok, pageContent, recordId, type WriteAnswer } from './bench.js'

type PageWrite = ValueOf<typeof pageWrite>

const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, nth) => from + nth)

test('[DK7] a request larger than a segment goes into consecutive groups, its records in the last', (t) => {
  const bench = new Bench({ segmentBlocks: 8, capacity: 8 })

  const { position, places } = ok(bench.store(alice, numbers(1, 20), [500]))
  const { pages, records } = bench.scan(alice)

  t.is(places.length, 20)
  t.deepEqual(
    pages.map(({ page }) => page),
    numbers(1, 20),
  )
  t.deepEqual(
    pages.map(({ block }) => block),
    places.map(({ block }) => block),
  )
  t.is(records[0]?.position, position)
  t.true(position >= 4, 'a segment of 8 blocks holds at most 7 of its pages')
})

test('[DK7] the bytes at each place are the page, with the checksum that was answered', (t) => {
  const bench = new Bench()

  const { places } = ok(bench.store(alice, numbers(1, 12)))

  t.deepEqual(
    places.map(({ block }) => bench.block(block)),
    numbers(1, 12).map((id) => pageContent(id)),
  )
})

test('[DK7] what no group can hold is too_large, and nothing of it is written', (t) => {
  const bench = new Bench({ segmentBlocks: 8 })
  const before = bench.journal.entries.length

  const record = bench.write(alice, [1], [[2, 8 * 512]])
  const pages = bench.write(alice, numbers(1, 4097))
  bench.turn()

  t.deepEqual([record.answer?.status, pages.answer?.status], ['too_large', 'too_large'])
  t.is(bench.journal.entries.length, before)
})

test('[DK7] the longest record fits a segment', (t) => {
  const bench = new Bench({ segmentBlocks: 8 })

  const write = bench.write(alice, [1, 2, 3], [[9, 8 * 512 - 256]])
  bench.turn()

  t.is(write.answer?.status, 'ok')
  t.is(recordId(bench.scan(alice).records[0]!.content), 9)
})

test('[DK11] each owner finds its own, in log order, in answers as small as it likes', (t) => {
  const bench = new Bench()
  bench.store(alice, [1, 2], [101])
  bench.store(bob, [3], [102])
  bench.store(alice, [4], [103, 104])
  bench.store(kernel, [], [105])

  for (const limit of [1, 2, 100]) {
    const found = [alice, bob, kernel].map((owner) => bench.scan(owner, 0, limit))

    t.deepEqual(
      found.map(({ pages }) => pages.map(({ page }) => page)),
      [[1, 2, 4], [3], []],
    )
    t.deepEqual(
      found.map(({ records }) => records.map(({ content }) => recordId(content))),
      [[101, 103, 104], [102], [105]],
    )
  }
})

test('[DK11] a scan finds the same after an opening as before it, and from any position on', (t) => {
  const bench = new Bench()
  bench.store(alice, [1, 2], [101])
  const { position } = ok(bench.store(alice, [3], [102]))

  const again = new Bench({ image: bench.memory.image })

  t.deepEqual(again.scan(alice), bench.scan(alice))
  t.deepEqual(
    again.scan(alice, position).pages.map(({ page }) => page),
    [3],
  )
  t.deepEqual(again.scan(alice, position + 1), { pages: [], records: [] })
})

test('[DK50] the status says where the log begins: at its oldest group that is held, after an opening too', (t) => {
  const bench = new Bench({ capacity: 16 })
  const ends = Array.from({ length: 40 }, (_, nth) => ok(bench.store(alice, [nth], [nth])).position)
  const whole = bench.core.status().firstPosition

  bench.core.trim(alice, ends[30]!)
  bench.rest()
  const after = bench.core.status().firstPosition
  const again = new Bench({ image: bench.memory.image })

  const { firstPosition } = again.core.status()
  t.is(whole, ends[0]!)
  t.is(after, ends[30]!)
  t.true(firstPosition > 1 && firstPosition <= after, `${firstPosition}`)
  t.deepEqual(again.scan(alice, after), bench.scan(alice, after))
})

test('[DK11] a scan is answered only when what it tells is durable', (t) => {
  const bench = new Bench()
  bench.write(alice, [], [101])
  bench.turn()
  let answered = false

  bench.core.scan(alice, { from: 0 as never, cursor: 0, limit: 10 }, () => {
    answered = true
  })
  bench.turn()
  const before = answered
  bench.endBarrier()

  t.false(before)
  t.true(answered)
})

test('[DK13] the transfer of each frame ends once, whether it was written or refused', (t) => {
  const transfers = new Map([
    [5, 1],
    [6, 1],
    [7, 1],
  ])
  const frames: Frames = {
    bytes: (frame) => ((transfers.get(frame) ?? 0) > 0 ? pageContent(frame) : null),
    ended: (frame) => void transfers.set(frame, (transfers.get(frame) ?? 0) - 1),
  }
  const bench = new Bench({ frames, segmentBlocks: 8, capacity: 3 })
  const answers: (WriteAnswer | null)[] = []
  const page = (frame: number): PageWrite => ({
    cont: asToken(7),
    stateInterval: asInterval(1),
    page: frame,
    frame: asFrame(frame),
    content: null,
  })
  const write = (pages: PageWrite[]) =>
    bench.core.write(alice, { pages, records: [], barrier: false }, (answer) =>
      answers.push(answer),
    )

  write([page(5)])
  bench.turn()
  bench.store(alice, numbers(100, 4))
  bench.store(alice, numbers(200, 6))
  write([page(6), ...numbers(0, 30).map(() => ({ ...page(1), content: pageContent(1) }))])
  bench.turn()
  write([page(7), page(99)])

  t.deepEqual(
    answers.map((answer) => answer?.status),
    ['ok', 'disk_full', 'bad_argument'],
  )
  t.deepEqual([...transfers.entries()].slice(0, 3), [
    [5, 0],
    [6, 0],
    [7, 0],
  ])
})

test('[DK17] a stopped disk holds everything, answers closed, and shows later damage of its last group', (t) => {
  const bench = new Bench()
  const write = bench.write(alice, [1], [101], true)
  const problems: (string | null)[] = []

  bench.core.stop((problem) => problems.push(problem))
  bench.rest()
  const after = bench.write(alice, [2])
  const { block } = ok(write.answer).places[0]!
  const image = bench.memory.image.slice()
  image[block * 512] = image[block * 512]! ^ 1

  t.deepEqual(problems, [null])
  t.is(write.answer?.status, 'ok')
  t.is(after.answer?.status, 'closed')
  t.regex(new Bench({ image }).opened.damage ?? '', /group 2 is lost/)
})
