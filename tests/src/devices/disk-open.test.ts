/** Opening: what is refused, what is damage, what never comes back. */
import { superblockWords } from '@katydid/abi'
import { DiskOpenError, FaultyFile, MemoryFile, openDisk, type FaultPlan } from '@katydid/devices'
import test from 'ava'
import { alice, Bench, ok, pageContent, recordContent, recordId } from './bench.js'

const format = { uuid: [1, 2, 3, 4], segmentBlocks: 8, capacity: 8 } as const

/** Small, so that each of its bytes can be tried. */
const shape = { segmentBlocks: 4, capacity: 4 }

/** A stopped disk with some groups in two segments. */
function stoppedDisk(): Bench {
  const bench = new Bench(shape)
  bench.store(alice, [1], [101])
  bench.store(alice, [2], [102])
  bench.store(alice, [], [103])
  bench.core.stop(() => {})
  bench.rest()
  return bench
}

function statusOfOpening(
  image: Uint8Array,
  blockBytes = 512,
  faults: FaultPlan = { seed: 1 },
): string {
  try {
    openDisk(new FaultyFile(new MemoryFile(blockBytes, image), faults), null)
    return 'ok'
  } catch (error) {
    if (error instanceof DiskOpenError) return error.status
    throw error
  }
}

test('[DK3] [DK17] every changed byte of a stopped disk is harmless or reported, and no wrong byte is given out', (t) => {
  const image = stoppedDisk().memory.image.subarray(0, 11 * 512)
  const wrong: string[] = []
  let reported = 0
  let harmless = 0
  const whole = new Bench({ ...shape, image }).scan(alice)

  for (let at = 0; at < image.length; at++) {
    const bent = image.slice()
    bent[at] = bent[at]! ^ (1 << (at % 8))
    const bench = new Bench({ ...shape, image: bent })
    const { pages, records } = bench.scan(alice)
    const { damage } = bench.opened
    if (damage === null) harmless += 1
    else reported += 1
    const isPrefix =
      pages.every(({ page }, nth) => page === nth + 1) &&
      records.every(({ content }, nth) => recordId(content) === 101 + nth)
    const isRight =
      pages.every(({ page, block }) => Buffer.from(bench.block(block)).equals(pageContent(page))) &&
      records.every(({ content }) => Buffer.from(content).equals(recordContent(recordId(content))))
    const isAll = pages.length === whole.pages.length && records.length === whole.records.length
    if (!isPrefix || !isRight) wrong.push(`byte ${at}: wrong content`)
    if (!isAll && damage === null) wrong.push(`byte ${at}: a loss is not reported`)
    if (isAll && damage !== null) wrong.push(`byte ${at}: ${damage}`)
  }

  t.deepEqual(wrong.slice(0, 5), [])
  t.true(reported > 2500 && harmless > 1500, `${reported} reported, ${harmless} harmless`)
})

test('[DK4] a durable group that rotted is reported with what is lost behind it', (t) => {
  const bench = new Bench()
  ok(bench.store(alice, [1]))
  const { places } = ok(bench.store(alice, [2]))
  ok(bench.store(alice, [3]))
  const image = bench.memory.image.slice()
  image[places[0]!.block * 512] = image[places[0]!.block * 512]! ^ 1

  const again = new Bench({ image })

  t.deepEqual(
    again.scan(alice).pages.map(({ page }) => page),
    [1],
  )
  t.regex(again.opened.damage ?? '', /groups 3 to 4 are lost/)
  t.is(again.core.status().damage, again.opened.damage)
})

test('[DK4] a torn tail is not damage', (t) => {
  const bench = new Bench()
  ok(bench.store(alice, [1]))
  const write = bench.write(alice, [2])
  bench.turn()
  const { block } = ok(write.answer).places[0]!
  const image = bench.memory.image.slice()
  image.fill(0, block * 512, (block + 1) * 512)

  const again = new Bench({ image })

  t.is(again.opened.damage, null)
  t.deepEqual(
    again.scan(alice).pages.map(({ page }) => page),
    [1],
  )
})

test('[DK4] damage is reported once: what was given up is not missed again', (t) => {
  const bench = stoppedDisk()
  const image = bench.memory.image.slice()
  const { block } = new Bench({ ...shape, image: image.slice() }).opened.groups[1]!
  image[block * 512] = image[block * 512]! ^ 1
  const first = new Bench({ ...shape, image })

  const second = new Bench({ ...shape, image: first.memory.image })

  t.not(first.opened.damage, null)
  t.is(second.opened.damage, null)
})

test('[DK4] a log that is damaged where it begins is begun anew, with a report', (t) => {
  const bench = stoppedDisk()
  const image = bench.memory.image.slice()
  const { block, head } = new Bench({ ...shape, image: image.slice() }).opened.groups[0]!
  image[block * 512] = image[block * 512]! ^ 1

  const again = new Bench({ ...shape, image })
  again.store(alice, [70])
  const third = new Bench({ ...shape, image: again.memory.image })

  t.regex(again.opened.damage ?? '', new RegExp(`groups ${head.position} to \\d+ are lost`))
  t.deepEqual(
    third.scan(alice).pages.map(({ page }) => page),
    [70],
  )
  t.is(third.opened.damage, null)
})

test('[DK14] a group that an opening gave up does not come back when its bytes do', (t) => {
  const bench = new Bench()
  ok(bench.store(alice, [1]))
  bench.write(alice, [2])
  bench.turn()
  bench.write(alice, [3])
  bench.turn()
  const [, , second, third] = new Bench({ image: bench.memory.image }).opened.groups
  const blockOf = (group: typeof second): number => group!.block
  const torn = bench.memory.image.slice()
  torn.fill(0, blockOf(second) * 512, blockOf(third) * 512)
  const opened = new Bench({ image: torn })

  const back = opened.memory.image.slice()
  back.set(
    bench.memory.image.subarray(blockOf(second) * 512, (blockOf(third) + 2) * 512),
    blockOf(second) * 512,
  )
  const again = new Bench({ image: back })

  t.is(third!.head.position, 4)
  t.deepEqual(
    again.scan(alice).pages.map(({ page }) => page),
    [1],
  )
})

test('[DK14] the same write in the same place does not bring back what followed it', (t) => {
  const bench = new Bench()
  ok(bench.store(alice, [1]))
  const lost = bench.write(alice, [2])
  bench.turn()
  bench.write(alice, [3])
  bench.turn()
  const { block } = ok(lost.answer).places[0]!
  const torn = bench.memory.image.slice()
  torn.fill(0, (block - 1) * 512, block * 512)
  const opened = new Bench({ image: torn })
  const same = ok(opened.store(alice, [2]))

  const again = new Bench({ image: opened.memory.image })

  t.is(same.places[0]!.block, block)
  t.deepEqual(
    again.scan(alice).pages.map(({ page }) => page),
    [1, 2],
  )
})

test('[DK2] a group that another one came before does not count, though all else about it is right', (t) => {
  const origin = new Bench()
  ok(origin.store(alice, [1]))
  const [mine, other] = [10, 20].map((page) => {
    const copy = new Bench({ image: origin.memory.image })
    const { places } = ok(copy.store(alice, [page]))
    ok(copy.store(alice, [page + 1]))
    return { copy, block: places[0]!.block }
  })
  const second = (mine!.block + 1) * 512
  const image = mine!.copy.memory.image.slice()
  image.set(other!.copy.memory.image.subarray(second, second + 1024), second)

  const again = new Bench({ image })

  t.is(mine!.block, other!.block)
  t.deepEqual(
    again.scan(alice).pages.map(({ page }) => page),
    [1, 10],
  )
})

test('[DK16] each file that is no disk of ours is refused with its own status', (t) => {
  const image = stoppedDisk().memory.image
  const damaged = image.slice()
  damaged.fill(0x55, 0, 1024)
  const other = new MemoryFile(512)
  openDisk(other, format)
  const eio: FaultPlan = {
    seed: 1,
    refuse: [{ operation: 'read', after: 2, times: 1, code: 'EIO' }],
  }

  t.is(statusOfOpening(new Uint8Array(0)), 'damaged')
  t.is(statusOfOpening(damaged), 'damaged')
  t.is(statusOfOpening(withVersion(image, 2)), 'world_version')
  t.is(statusOfOpening(image.slice(), 4096), 'bad_argument')
  t.is(statusOfOpening(image.slice(), 512, eio), 'io_error')
  t.is(statusOfOpening(image.slice()), 'ok')
})

test('[DK16] an opening that is refused changes nothing', (t) => {
  const image = stoppedDisk().memory.image
  const eio: FaultPlan = {
    seed: 1,
    refuse: [{ operation: 'read', after: 2, times: 1, code: 'EIO' }],
  }
  const copy = image.slice()

  statusOfOpening(copy, 512, eio)
  statusOfOpening(copy, 4096)

  t.deepEqual(copy, image)
})

test('[DK16] a geometry that makes no disk is refused', (t) => {
  const open = (segmentBlocks: number, capacity: number) => () =>
    openDisk(new MemoryFile(512), { ...format, segmentBlocks, capacity })

  t.throws(open(2, 8), { instanceOf: DiskOpenError, message: /at least 4 blocks/ })
  t.throws(open(8, 2), { instanceOf: DiskOpenError, message: /at least 3 segments/ })
})

/** Both superblocks with another version and a right checksum. */
function withVersion(image: Uint8Array, version: number): Uint8Array {
  const bent = image.slice()
  for (const slot of [0, 1]) {
    const view = new DataView(bent.buffer, slot * 512, superblockWords.bytes)
    view.setUint32(superblockWords.at.version * 4, version, true)
    view.setUint32(
      superblockWords.at.checksum * 4,
      crc32(bent.subarray(slot * 512, slot * 512 + superblockWords.at.checksum * 4)),
      true,
    )
  }
  return bent
}

/** CRC-32 bit by bit: a second opinion on the one the driver uses. */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return (sum ^ 0xffffffff) >>> 0
}
