/** A full disk, freed segments, and where the next scan begins. */
import {
  asFrame,
  asInterval,
  asPosition,
  asToken,
  noLog,
  superblockWords,
  type RecordKind,
} from '@katydid/abi'
import type { DiskCore } from '@katydid/devices'
import { segmentBlocksFor } from '@katydid/devices/disk/geometry.js'
import { Trims } from '@katydid/devices/disk/trims.js'
import test from 'ava'
import { alice, Bench, bob, kernel, ok, pageContent } from './bench.js'

const shape = { blockBytes: 512, segmentBlocks: 6, capacity: 5 }
const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, nth) => from + nth)
const segmentOf = (block: number): number => Math.floor(block / shape.segmentBlocks) - 1

/** Writes of five pages by the owner until the disk is full; the segments they lie in. */
function fill(bench: Bench, owner: number): number[] {
  const segments: number[] = []
  for (let round = 0; round < 20; round++) {
    const answer = bench.store(owner, numbers(1 + round * 5, 5))
    if (answer.status !== 'ok') return [...new Set(segments)]
    segments.push(...answer.places.map(({ block }) => segmentOf(block)))
  }
  throw new Error('the disk never gets full')
}

test('[DK8] a full disk writes nothing of what it refuses and keeps what it has', (t) => {
  const bench = new Bench(shape)
  fill(bench, alice)
  const before = bench.journal.entries.length
  const held = bench.scan(alice)

  const answer = bench.store(alice, numbers(900, 5))

  t.is(answer.status, 'disk_full')
  t.is(bench.journal.entries.length, before)
  t.deepEqual(bench.scan(alice), held)
  t.deepEqual(new Bench({ ...shape, image: bench.memory.image }).scan(alice), held)
})

test('[DK8] a request without room does not keep out a smaller one', (t) => {
  const bench = new Bench(shape)
  ok(bench.store(alice, numbers(1, 8)))

  const large = bench.write(alice, numbers(100, 40), [], true)
  const small = bench.write(bob, [200], [], true)
  bench.rest()

  t.is(large.answer?.status, 'disk_full')
  t.is(small.answer?.status, 'ok')
})

test('[DK8] a full disk goes on when segments were freed', (t) => {
  const bench = new Bench(shape)
  const segments = fill(bench, alice)

  ok(bench.core.trim(alice, asPosition(ok(bench.store(alice, [])).position)))
  bench.rest()
  ok(bench.core.free(alice, segments.slice(0, -1)))
  const answer = bench.store(alice, numbers(500, 5))

  t.is(answer.status, 'ok')
  t.deepEqual(
    ok(answer).places.map(({ block }) => bench.block(block)),
    numbers(500, 5).map((id) => pageContent(id)),
  )
})

test('[DK8] the system having no room left is disk_full too, and the disk goes on later', (t) => {
  const faults = {
    seed: 1,
    refuse: [{ operation: 'write', after: 1, times: 1, code: 'ENOSPC' }],
  } as const
  const bench = new Bench({ ...shape, faults })

  const answers = [1, 2, 3].map((id) => bench.store(alice, [id]).status)

  t.deepEqual(answers, ['ok', 'disk_full', 'ok'])
  const again = new Bench({ ...shape, image: bench.memory.image })
  t.deepEqual(
    again.scan(alice).pages.map(({ page }) => page),
    [1, 3],
  )
})

test('[DK9] a segment is needed until each of its owners has freed it', (t) => {
  const bench = new Bench(shape)
  const mine = ok(bench.store(alice, [1])).places
  const { position } = ok(bench.store(bob, [2]))
  const segment = segmentOf(mine[0]!.block)
  bench.store(alice, numbers(10, 5))
  ok(bench.core.trim(alice, asPosition(position + 1)))
  ok(bench.core.trim(bob, asPosition(position + 1)))
  bench.rest()
  const free = (): number => bench.core.status().freeSegments
  const before = free()

  ok(bench.core.free(alice, [segment]))
  const afterOne = free()
  ok(bench.core.free(bob, [segment]))

  t.is(afterOne, before)
  t.is(free(), before + 1)
})

test('[DK9] a free does not reach pages that the owner has not been told of', (t) => {
  const bench = new Bench(shape)
  const write = bench.write(alice, numbers(1, 9), [], true)
  bench.turn()

  ok(bench.core.free(alice, [0, 1, 2, 3, 4]))
  bench.endBarrier()
  bench.rest()
  ok(bench.core.trim(alice, asPosition(ok(write.answer).position + 1)))
  fill(bench, bob)

  const { places } = ok(write.answer)
  t.deepEqual(
    places.map(({ block }) => bench.block(block)),
    numbers(1, 9).map((id) => pageContent(id)),
  )
})

test('[DK9] a segment that is no segment of the disk cannot be freed', (t) => {
  t.is(new Bench(shape).core.free(alice, [5]).status, 'bad_argument')
})

test('[DK9] after an opening a segment before the scan is needed by all who ever wrote pages', (t) => {
  const bench = new Bench(shape)
  ok(bench.store(alice, numbers(1, 9)))
  const { position } = ok(bench.store(bob, numbers(20, 5), []))
  for (const owner of [alice, bob]) ok(bench.core.trim(owner, asPosition(position)))
  ok(bench.core.trim(kernel, asPosition(position)))
  bench.rest()
  const again = new Bench({ ...shape, image: bench.memory.image })
  const before = again.core.status().freeSegments

  ok(again.core.free(alice, [0]))
  const afterOne = again.core.status().freeSegments
  ok(again.core.free(bob, [0]))

  t.is(afterOne, before)
  t.is(again.core.status().freeSegments, before + 1)
})

test('[DK10] the next scan begins where the owners have trimmed to, and finds what they need', (t) => {
  const bench = new Bench(shape)
  ok(bench.store(alice, numbers(1, 9)))
  ok(bench.store(bob, numbers(50, 5)))
  const { position } = ok(bench.store(alice, numbers(60, 5)))
  ok(bench.core.trim(alice, asPosition(position)))
  bench.rest()
  const oneOnly = new Bench({ ...shape, image: bench.memory.image })

  ok(bench.core.trim(bob, asPosition(position)))
  bench.rest()
  const both = new Bench({ ...shape, image: bench.memory.image })

  t.deepEqual(
    oneOnly.scan(bob).pages.map(({ page }) => page),
    numbers(50, 5),
  )
  t.deepEqual(
    both.scan(alice).pages.map(({ page }) => page),
    numbers(60, 5),
  )
  t.is(both.opened.groups[0]?.head.position, position)
})

/** Alice writes what fills the disk three times, and lets go of it as she goes. */
function writeMuch(bench: Bench): string[] {
  const refused: string[] = []
  for (let round = 0; round < 30; round++) {
    const stored = bench.store(alice, numbers(round * 10, 8))
    refused.push(...(stored.status === 'ok' ? [] : [stored.status]))
    if (stored.status !== 'ok') continue
    ok(bench.core.trim(alice, asPosition(stored.position + 1)))
    bench.rest()
    ok(bench.core.free(alice, [0, 1, 2, 3, 4]))
  }
  return refused
}

test('[DK10] who has trimmed behind all it wrote and is silent holds nothing; an opening after that finds the rest, and when it comes back it is kept what it writes', (t) => {
  const bench = new Bench(shape)
  const { position } = ok(bench.store(bob, numbers(500, 2)))
  ok(bench.core.trim(bob, asPosition(position + 1)))
  ok(bench.core.free(bob, [0, 1, 2, 3, 4]))
  const refused = writeMuch(bench)
  const reopened = new Bench({ ...shape, image: bench.memory.image })
  const damage = reopened.opened.damage
  const none = reopened.scan(bob).pages

  const back = ok(reopened.store(bob, numbers(600, 2)))
  reopened.rest()
  const last = new Bench({ ...shape, image: reopened.memory.image })

  t.deepEqual(refused, [])
  t.is(damage, null)
  t.deepEqual(none, [])
  t.true(back.position > position)
  t.deepEqual(
    last.scan(bob).pages.map(({ page }) => page),
    numbers(600, 2),
  )
})

test('[DK10] who has trimmed, wrote one page again and is silent holds the log from that page on', (t) => {
  const bench = new Bench(shape)
  const { position } = ok(bench.store(bob, numbers(500, 2)))
  ok(bench.core.trim(bob, asPosition(position + 1)))
  ok(bench.core.free(bob, [0, 1, 2, 3, 4]))
  ok(bench.store(bob, [700]))
  const refused = writeMuch(bench)
  const reopened = new Bench({ ...shape, image: bench.memory.image })

  t.true(refused.length > 0)
  t.is(reopened.scan(bob).pages.at(-1)?.page, 700)
})

test('[DK10] a power cut right after a trim loses nothing, and the next opening holds the log until it is said again', (t) => {
  const bench = new Bench(shape)
  const { position } = ok(bench.store(bob, numbers(500, 2)))
  bench.rest()
  const before = bench.memory.image.slice()
  ok(bench.core.trim(bob, asPosition(position + 1)))

  const cut = new Bench({ ...shape, image: before })
  const found = cut.scan(bob).pages.map(({ page }) => page)
  const held = writeMuch(cut)
  const again = new Bench({ ...shape, image: before })
  ok(again.core.trim(bob, asPosition(position + 1)))
  ok(again.core.free(bob, [0, 1, 2, 3, 4]))

  t.deepEqual(found, numbers(500, 2))
  t.true(held.length > 0)
  t.deepEqual(writeMuch(again), [])
})

for (const slot of [0, 1]) {
  test(`[DK10] with superblock ${slot} lost nothing is lost, though segments were used anew`, (t) => {
    const bench = new Bench(shape)
    const last: number[] = []
    for (let round = 0; round < 12; round++) {
      const { position, places } = ok(bench.store(alice, numbers(round * 10, 4)))
      last.splice(0, last.length, ...numbers(round * 10, 4))
      const used = new Set(places.map(({ block }) => segmentOf(block)))
      ok(bench.core.trim(alice, asPosition(position)))
      bench.rest()
      ok(
        bench.core.free(
          alice,
          [0, 1, 2, 3, 4].filter((segment) => !used.has(segment)),
        ),
      )

      const image = bench.memory.image.slice()
      image.fill(0xee, slot * 512, (slot + 1) * 512)
      const again = new Bench({ ...shape, image })

      t.is(again.opened.damage, null)
      t.deepEqual(
        again.scan(alice, position).pages.map(({ page }) => page),
        last,
      )
    }
  })
}

test('[DK9] [DK10] between two superblocks nothing is written anew that the older one still needs', (t) => {
  const bench = new Bench(shape)
  fill(bench, alice)
  const { position, places } = ok(bench.store(alice, []))
  ok(bench.core.trim(alice, position))
  bench.turn()
  bench.endBarrier()
  ok(bench.core.free(alice, [0, 1, 2, 3, 4]))

  const early = bench.write(alice, numbers(700, 9), [], true)
  bench.turn()
  const cuts = [0, 1].map((slot) => {
    const image = bench.memory.image.slice()
    image.fill(0xee, slot * 512, (slot + 1) * 512)
    return new Bench({ ...shape, image }).opened.damage
  })
  bench.rest()
  const late = bench.store(alice, numbers(800, 9))

  t.is(places.length, 0)
  t.is(early.answer?.status, 'disk_full')
  t.deepEqual(cuts, [null, null])
  t.is(late.status, 'ok')
})

test('[DK20] of what is kept back pages from frames leave all, copies half, maps and most records a quarter, lines and root pages nothing', (t) => {
  const content = pageContent(1)
  const frames = { bytes: () => content, ended: () => {} }
  const bench = new Bench({ ...shape, capacity: 32, frames })
  const answered = (pages: readonly object[], records: readonly object[]): string => {
    const outcome = { status: 'none' }
    const args = { pages, records, barrier: false } as Parameters<DiskCore['write']>[1]
    bench.core.write(alice, args, (answer) => Object.assign(outcome, { status: answer.status }))
    bench.rest()
    return outcome.status
  }
  const page = (nth: number, interval: number, given: Uint8Array | null): object => {
    const at = { cont: asToken(7), stateInterval: asInterval(interval), page: nth }
    return { ...at, frame: asFrame(9), content: given }
  }
  const fromFrame = (nth: number): string => answered([page(nth, 1, null)], [])
  const byValue = (interval: number) => (nth: number) =>
    answered([page(nth, interval, content)], [])
  const some = (kind: RecordKind) => () => answered([], [{ kind, content: new Uint8Array(300) }])
  const until = (write: (nth: number) => string): number => {
    for (let nth = 0; nth < 10_000; nth++) {
      const status = write(nth)
      if (status !== 'ok') return status === 'disk_full' ? bench.core.status().freeSegments : -1
    }
    return -2
  }

  const left = [
    until(fromFrame),
    until(byValue(0)),
    until(byValue(1)),
    until(some('note')),
    until(some('line')),
  ]

  t.deepEqual(left, [4, 2, 1, 1, 0])
  t.is(bench.core.status().keptSegments, 4)
})

test('[DK21] the heads of a segment say whose pages stand where, before and after an opening', (t) => {
  const bench = new Bench({ ...shape, segmentBlocks: 16 })
  // The records make a head of several blocks.
  const { places } = ok(bench.store(alice, [1, 2, 3]))
  ok(bench.store(bob, [7]))
  const more = ok(bench.store(alice, [4], numbers(900, 20)))
  const named = (of: Bench, owner: number): (readonly [number, number, number])[] =>
    ok(of.core.segment(owner, 0)).pages.map(({ page, block, checksum }) => [page, block, checksum])
  const expected = [...places, ...more.places].map(
    ({ block, checksum }, nth) => [nth + 1, block, checksum] as const,
  )

  const again = new Bench({ ...shape, segmentBlocks: 16, image: bench.memory.image })

  t.deepEqual(named(bench, alice), expected)
  t.deepEqual(named(again, alice), expected)
  t.is(named(again, bob).length, 1)
  t.is(bench.core.segment(alice, 5).status, 'bad_argument')
})

test('[DK21] a segment used anew names nothing of its former use', (t) => {
  const bench = new Bench(shape)
  const segments = fill(bench, alice)
  const end = bench.core.status().lastPosition
  bench.core.free(alice, segments)
  bench.core.trim(alice, end)
  bench.rest()
  bench.rest()
  const { places } = ok(bench.store(alice, [901]))
  const segment = segmentOf(places[0]!.block)

  const found = ok(bench.core.segment(alice, segment)).pages

  t.deepEqual(
    found.filter(({ page }) => page >= 900).map(({ block }) => block),
    places.map(({ block }) => block),
  )
  t.true(found.every(({ block }) => block <= places[0]!.block))
})

test('[DK30] an opening knows the segments that were free when the scan’s beginning last moved', (t) => {
  const bench = new Bench({ ...shape, capacity: 12 })
  const segments = new Set<number>()
  for (let round = 0; round < 9; round++)
    for (const { block } of ok(bench.store(alice, numbers(1 + round * 5, 5))).places)
      segments.add(segmentOf(block))
  const used = bench.core.status().freeSegments
  ok(bench.core.free(alice, [...segments].slice(0, 6)))
  ok(bench.core.trim(alice, asPosition(ok(bench.store(alice, [900])).position)))
  bench.rest()
  ok(bench.core.trim(alice, asPosition(ok(bench.store(alice, [901])).position)))
  bench.rest()
  const { freeSegments } = bench.core.status()

  const again = new Bench({ ...shape, capacity: 12, image: bench.memory.image })
  const first = again.core.status().freeSegments
  const kept = bench.scan(alice)
  const written = again.store(bob, numbers(2000, 9))

  t.true(freeSegments >= used + 5, `${freeSegments} after ${used}`)
  t.is(first, freeSegments)
  t.is(written.status, 'ok')
  t.deepEqual(again.scan(alice).pages.at(-1), kept.pages.at(-1))
})

test('[DK30] of bits that do not belong to a superblock’s words nothing is believed', (t) => {
  const bench = new Bench(shape)
  ok(bench.store(alice, [1]))
  const image = bench.memory.image.slice()
  for (const slot of [0, 1]) image[slot * 512 + superblockWords.bytes]! ^= 2

  t.throws(() => new Bench({ ...shape, image }), { message: /Both superblocks/ })
})

test('[DK31] a small disk has small segments, a large one large ones, and each holds the longest record', (t) => {
  const mib = 1024 ** 2

  t.is(segmentBlocksFor(8192 * mib, 4096), 512)
  t.is(segmentBlocksFor(32 * mib, 4096), 128)
  t.is(segmentBlocksFor(16 * mib, 4096), 128)
  t.is(segmentBlocksFor(16 * mib, 65_536), 8)
  for (const blockBytes of [4096, 16_384, 65_536])
    t.true(segmentBlocksFor(16 * mib, blockBytes) * blockBytes >= 320 * 1024)
})

test('[DK41] who has said that it never reads the log holds none of it, whatever it writes', (t) => {
  const trims = new Trims((1 << alice) | (1 << bob), 5, 20)
  t.is(trims.least(100), 5)

  trims.trim(alice, noLog)
  trims.trim(bob, asPosition(15))
  trims.wrote(alice, 30)
  t.is(trims.least(100), 15)

  trims.trim(bob, asPosition(21))
  trims.wrote(alice, 31)
  // One that has not written yet may say so too.
  trims.trim(kernel, noLog)
  trims.wrote(kernel, 32)
  t.is(trims.least(100), 100)
  trims.wrote(bob, 40)
  t.is(trims.least(100), 40)
})
