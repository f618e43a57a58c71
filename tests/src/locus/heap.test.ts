import { Heap, LocusError } from '@katydid/locus'
import { Random } from '@katydid/actor'
import test from 'ava'
import * as fc from 'fast-check'
import { LoneHolder, PlainMemory } from './support/plain.js'

const KiB = 1024

function heapOf(bytes: number): { heap: Heap; memory: PlainMemory; holder: LoneHolder } {
  const memory = new PlainMemory(bytes)
  const holder = new LoneHolder()
  return { memory, holder, heap: Heap.open(holder, memory) }
}

/** Offsets of live blocks with their sizes; says what is wrong with a new one. */
class Model {
  readonly live = new Map<number, number>()

  problem(at: number, bytes: number, capacity: number): string | null {
    if (at % 16 !== 0) return `offset ${at} is not aligned`
    if (at + bytes > capacity) return `block [${at}, ${at + bytes}) leaves the memory`
    for (const [other, length] of this.live)
      if (at < other + length && other < at + bytes)
        return `[${at}, ${at + bytes}) overlaps [${other}, ${other + length})`
    if (bytes <= 4096 && Math.floor(at / 4096) !== Math.floor((at + bytes - 1) / 4096))
      return `a block of ${bytes} bytes at ${at} straddles a page`
    return null
  }
}

test('[LO30] blocks are aligned, disjoint, and small ones lie within a page', (t) => {
  const command = fc.oneof(
    { weight: 4, arbitrary: fc.record({ alloc: fc.integer({ min: 1, max: 3000 }) }) },
    { weight: 1, arbitrary: fc.record({ alloc: fc.integer({ min: 3000, max: 60_000 }) }) },
    { weight: 3, arbitrary: fc.record({ free: fc.nat() }) },
  )

  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const { heap, memory, holder } = heapOf(512 * KiB)
      const model = new Model()
      for (const each of commands) {
        if ('alloc' in each) {
          const at = attempt(() => heap.alloc(each.alloc))
          if (typeof at === 'string') {
            if (at !== 'no_resource') return false
            continue
          }
          const problem = model.problem(at, each.alloc, memory.length)
          if (problem !== null) throw new Error(problem)
          if (heap.sizeOf(at) < each.alloc) return false
          model.live.set(at, heap.sizeOf(at))
        } else if (model.live.size > 0) {
          const at = [...model.live.keys()][each.free % model.live.size]!
          heap.free(at)
          model.live.delete(at)
        }
        const bytes = [...model.live.values()].reduce((sum, size) => sum + size, 0)
        const stats = heap.stats()
        if (stats.blocks !== model.live.size || stats.bytesInUse !== bytes) return false
      }
      for (const at of model.live.keys()) heap.free(at)
      return heap.stats().pageBytesInUse === 0 && holder.held === 0
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('[LO31] nothing leaks over a million random operations', (t) => {
  const { heap, holder } = heapOf(16 * KiB * KiB)
  const random = new Random(7)
  const live: number[] = []
  let inUse = 0
  let mostInUse = 0
  let mostPages = 0

  for (let i = 0; i < 1_000_000; i++) {
    if (live.length === 0 || (live.length < 3000 && random.chance(0.52))) {
      const large = random.chance(0.03)
      const at = heap.alloc(1 + random.below(large ? 40_000 : 900))
      inUse += heap.sizeOf(at)
      live.push(at)
    } else {
      const index = random.below(live.length)
      const at = live[index]!
      live[index] = live.at(-1)!
      live.pop()
      inUse -= heap.sizeOf(at)
      heap.free(at)
    }
    mostInUse = Math.max(mostInUse, inUse)
    if (i % 64 === 0) mostPages = Math.max(mostPages, heap.stats().pageBytesInUse)
  }
  const counted = heap.stats().bytesInUse
  for (const at of live) heap.free(at)

  t.is(counted, inUse)
  t.true(mostPages < mostInUse * 1.5, `${mostPages} bytes of pages for ${mostInUse} in use`)
  t.like(heap.stats(), { blocks: 0, bytesInUse: 0, pageBytesInUse: 0 })
  t.is(holder.held, 0)
})

test('[LO33] freed space joins its neighbours: afterwards one block takes it all', (t) => {
  const { heap } = heapOf(1024 * KiB)
  const { capacityBytes } = heap.stats()
  const random = new Random(3)
  const blocks: number[] = []
  for (;;) {
    const at = attempt(() => heap.alloc(1 + random.below(9000)))
    if (typeof at === 'string') break
    blocks.push(at)
  }

  while (blocks.length > 0) heap.free(blocks.splice(random.below(blocks.length), 1)[0]!)
  const all = heap.alloc(capacityBytes)

  t.is(heap.sizeOf(all), capacityBytes)
})

for (const [what, offsetOf] of [
  ['freed twice', (heap: Heap, at: number) => (heap.free(at), at)],
  ['in the middle of a block', (_: Heap, at: number) => at + 16],
  ['unaligned', (_: Heap, at: number) => at + 1],
  ['in the header', () => 64],
  ['beyond the heap', () => 2 ** 30],
  ['negative', () => -16],
  ['no number', () => NaN],
] as const) {
  for (const bytes of [40, 3000, 20_000]) {
    test(`[LO32] freeing what is ${what} is refused and nothing changes (${bytes} bytes)`, (t) => {
      const { heap, memory, holder } = heapOf(256 * KiB)
      heap.alloc(bytes)
      const at = heap.alloc(bytes)
      heap.alloc(bytes)
      const wrong = offsetOf(heap, at)
      const before = memory.copy()

      const answer = attempt(() => heap.free(wrong))

      t.is(answer, 'bad_argument')
      t.deepEqual(memory.copy(), before)
      t.is(holder.held, 0)
    })
  }
}

test('[LO34] a full heap refuses and nothing changes', (t) => {
  const { heap, memory, holder } = heapOf(64 * KiB)
  while (typeof attempt(() => heap.alloc(500)) === 'number');
  const before = memory.copy()

  const answers = [100_000, 5000, 500].map((bytes) => attempt(() => heap.alloc(bytes)))

  t.deepEqual(answers, ['no_resource', 'no_resource', 'no_resource'])
  t.deepEqual(memory.copy(), before)
  t.is(holder.held, 0)
})

test('[LO30] a block has a whole number of bytes, at least one', (t) => {
  const { heap } = heapOf(64 * KiB)

  const answers = [0, -1, 1.5, NaN].map((bytes) => attempt(() => heap.alloc(bytes)))

  t.deepEqual(new Set(answers), new Set(['bad_argument']))
})

test('[LO35] a heap opened again at its place has its blocks and roots', (t) => {
  const memory = new PlainMemory(256 * KiB)
  const first = Heap.open(new LoneHolder(1), memory, 4096, 128 * KiB)
  const at = first.alloc(100)
  first.setRoot(3, at)

  const second = Heap.open(new LoneHolder(2), memory, 4096, 128 * KiB)
  second.free(second.root(3))

  t.is(first.stats().blocks, 0)
  t.is(first.root(3), at)
})

test('[LO35] what is no heap, or another, is refused', (t) => {
  const memory = new PlainMemory(256 * KiB)
  const holder = new LoneHolder()
  Heap.open(holder, memory, 0, 64 * KiB)
  memory.setInt32(128 * KiB + 4, 12345)

  const answers = [
    () => Heap.open(holder, memory, 0, 68 * KiB),
    () => Heap.open(holder, memory, 100, 64 * KiB),
    () => Heap.open(holder, memory, 0, 4096),
    () => Heap.open(holder, memory, 128 * KiB, 64 * KiB),
    () => Heap.open(holder, memory, 128 * KiB, 256 * KiB),
    () => Heap.open(holder, memory, 0, 64 * KiB).root(16),
  ].map((body) => attempt<unknown>(body))

  t.deepEqual(new Set(answers), new Set(['bad_argument']))
  t.is(holder.held, 0)
})

function attempt<T>(body: () => T): T | string {
  try {
    return body()
  } catch (error) {
    if (error instanceof LocusError) return error.status
    throw error
  }
}
