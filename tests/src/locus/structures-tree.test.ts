/** The B+ tree beside a sorted map, alone in plain memory. */
import { BPlusTree, maxTreeKeyBytes, maxValueBytes, type TreeRange } from '@katydid/locus'
import { Random } from '@katydid/actor'
import test from 'ava'
import * as fc from 'fast-check'
import {
  attempt,
  contentsOf,
  heapOf,
  hex,
  inOrder,
  isUnchanged,
  MiB,
  randomBytes,
  shuffled,
  WatchedMemory,
} from './support/structures.js'

/** Short keys that meet often, long ones that differ late, and zeros at the end. */
const key = fc.oneof(
  fc.uint8Array({ maxLength: 2 }),
  fc.uint8Array({ maxLength: 7 }),
  fc
    .tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 3 }), fc.nat(12))
    .map(([same, byte, zeros]) =>
      Uint8Array.from([...Array(same).fill(7), byte, ...Array(zeros).fill(0)]).slice(0, 512),
    ),
)
const value = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.integer({ min: 0, max: 1500 }).map((length) => new Uint8Array(length).fill(length)),
)
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ set: key, value }) },
  { weight: 2, arbitrary: fc.record({ delete: key }) },
  { weight: 1, arbitrary: fc.record({ get: key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      low: fc.option(key, { nil: undefined }),
      high: fc.option(key, { nil: undefined }),
      isLowInside: fc.boolean(),
      isHighInside: fc.boolean(),
      reverse: fc.boolean(),
    }),
  },
)

function rangeOf(of: {
  low: Uint8Array | undefined
  high: Uint8Array | undefined
  isLowInside: boolean
  isHighInside: boolean
  reverse: boolean
}): TreeRange {
  return {
    reverse: of.reverse,
    ...(of.low && (of.isLowInside ? { gte: of.low } : { gt: of.low })),
    ...(of.high && (of.isHighInside ? { lte: of.high } : { lt: of.high })),
  }
}

function modelRange(
  model: ReadonlyMap<string, string>,
  of: Parameters<typeof rangeOf>[0],
): string[] {
  const low = hex(of.low)
  const high = hex(of.high)
  const found = inOrder(model).filter((entry) => {
    const name = entry.split('=')[0]!
    if (low !== undefined && (of.isLowInside ? name < low : name <= low)) return false
    return high === undefined || (of.isHighInside ? name <= high : name < high)
  })
  return of.reverse ? found.toReversed() : found
}

test('[LO27] a tree does what a sorted map does, in ranges and both directions', (t) => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300, size: 'max' }), (commands) => {
      const { heap, holder } = heapOf()
      const tree = BPlusTree.open(heap)
      const model = new Map<string, string>()
      for (const each of commands) {
        if ('set' in each) {
          tree.set(each.set, each.value)
          model.set(hex(each.set)!, hex(each.value)!)
        } else if ('delete' in each) {
          if (tree.delete(each.delete) !== model.delete(hex(each.delete)!)) return false
        } else if ('get' in each) {
          if (hex(tree.get(each.get)) !== model.get(hex(each.get)!)) return false
          if (tree.has(each.get) !== model.has(hex(each.get)!)) return false
        } else t.deepEqual(contentsOf(tree, rangeOf(each)), modelRange(model, each))
        if (tree.size !== model.size || holder.held !== 0) return false
      }
      t.deepEqual(contentsOf(tree), inOrder(model))
      t.deepEqual(contentsOf(tree, { reverse: true }), inOrder(model).toReversed())
      for (const name of model.keys()) if (!tree.delete(Buffer.from(name, 'hex'))) return false
      // Heap: header and root are left.
      return tree.height === 1 && heap.stats().blocks === 2
    }),
    { numRuns: 60 },
  )
})

const count = 12_000
const bigEndian = (number: number): Uint8Array => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(number, 4)
  return bytes
}
const orders: Record<string, readonly number[]> = {
  ascending: Array.from({ length: count }, (_, i) => i),
  descending: Array.from({ length: count }, (_, i) => count - 1 - i),
  'from both ends': Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? i / 2 : count - (i + 1) / 2,
  ),
  'from the middle out': Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? count / 2 + i / 2 : count / 2 - (i + 1) / 2,
  ),
  shuffled: shuffled(count, 5),
}

for (const [name, order] of Object.entries(orders)) {
  for (const [otherName, other] of Object.entries(orders)) {
    test(`[LO28] a tree filled ${name} and emptied ${otherName} gives all its memory back`, (t) => {
      const { heap } = heapOf(8 * MiB)
      const tree = BPlusTree.open(heap)
      const { blocks, bytesInUse } = heap.stats()

      for (const number of order) tree.set(bigEndian(number), bigEndian(number))
      const full = Array.from(tree.entries(), ([found]) => Buffer.from(found).readUInt32BE(4))
      const fullBytes = heap.stats().bytesInUse
      const missing = other.filter((number) => !tree.delete(bigEndian(number)))

      t.deepEqual(full, orders['ascending'])
      t.true(fullBytes < count * 20 * 2.2, `${fullBytes} bytes`)
      t.deepEqual(missing, [])
      t.deepEqual([tree.size, tree.height], [0, 1])
      t.like(heap.stats(), { blocks, bytesInUse })
    })
  }
}

test('[LO28] a hundred thousand operations on keys and values of all sizes leak nothing', (t) => {
  const { heap, holder } = heapOf(48 * MiB)
  const tree = BPlusTree.open(heap)
  const before = heap.stats()
  const random = new Random(99)
  const names = Array.from({ length: 4000 }, () =>
    randomBytes(random, random.below(random.below(8) === 0 ? 513 : 20)),
  )
  const model = new Map<string, string>()

  let wrong = 0
  for (let i = 0; i < 100_000; i++) {
    const name = names[random.below(names.length)]!
    // It grows, then shrinks, again and again.
    const isFilling = Math.floor(i / 12_500) % 2 === 0
    if (random.below(10) < (isFilling ? 7 : 3)) {
      const length = random.below(random.below(50) === 0 ? 5000 : 60)
      const bytes = new Uint8Array(length).fill(i)
      tree.set(name, bytes)
      model.set(hex(name)!, hex(bytes)!)
    } else if (tree.delete(name) !== model.delete(hex(name)!)) wrong++
  }
  t.is(wrong, 0)
  t.deepEqual(contentsOf(tree), inOrder(model))
  t.deepEqual(contentsOf(tree, { reverse: true }), inOrder(model).toReversed())
  for (const name of model.keys()) tree.delete(Buffer.from(name, 'hex'))

  t.deepEqual(contentsOf(tree), [])
  t.deepEqual([tree.size, tree.height, holder.held], [0, 1, 0])
  t.like(heap.stats(), { blocks: before.blocks, bytesInUse: before.bytesInUse })
})

test('[LO27] text is ordered by code points, whatever its length in UTF-16', (t) => {
  const { heap } = heapOf()
  const tree = BPlusTree.open(heap)
  const words = ['', 'a', 'a\0', 'aa', 'b', 'z', 'é', '中', '\uffee', '😀', '😀a']

  for (const word of words.toReversed()) tree.set(word, new Uint8Array(1))

  t.deepEqual(
    Array.from(tree.entries(), ([name]) => Buffer.from(name).toString()),
    words,
  )
})

test('[LO27] the longest keys and values are kept', (t) => {
  const { heap } = heapOf(16 * MiB)
  const tree = BPlusTree.open(heap)
  const names = Array.from({ length: 60 }, (_, i) => `${'k'.repeat(maxTreeKeyBytes - 2)}${10 + i}`)

  for (const [i, name] of names.entries()) tree.set(name, new Uint8Array(476 + (i % 8)).fill(i))
  tree.set('large', new Uint8Array(maxValueBytes).fill(9))
  tree.set('empty', new Uint8Array(0))

  t.deepEqual(
    names.map((name) => hex(tree.get(name))),
    names.map((_, i) => hex(new Uint8Array(476 + (i % 8)).fill(i))),
  )
  t.deepEqual(tree.get('large'), new Uint8Array(maxValueBytes).fill(9))
  t.deepEqual(tree.get('empty'), new Uint8Array(0))
})

test('[LO45] a cursor meets all that stays, once and in order, while everything around it changes', (t) => {
  for (const reverse of [false, true]) {
    const { heap, holder } = heapOf(16 * MiB)
    const tree = BPlusTree.open(heap)
    const random = new Random(reverse ? 3 : 4)
    const name = (number: number): string => String(number).padStart(6, '0')
    for (let i = 0; i < 100_000; i += 20) tree.set(name(i), Uint8Array.of(1))
    const present = new Map<string, number>()
    const wrong: string[] = []
    let last = reverse ? '~' : ''
    let met = 0

    const cursor = tree.cursor({ reverse })
    for (let entry = cursor.next(); entry !== null; entry = cursor.next()) {
      const found = Buffer.from(entry[0]).toString()
      if (reverse ? found >= last : found <= last) wrong.push(`${found} after ${last}`)
      last = found
      if (Number(found) % 20 === 0) met++
      // What came and went: the cursor must show it as it is at this moment.
      else if (present.get(found) !== entry[1].length) wrong.push(`${found} is not as it is`)
      for (let i = 0; i < 6; i++) {
        const other = random.below(100_000)
        if (other % 20 === 0) continue
        if (random.below(3) === 0) {
          tree.delete(name(other))
          present.delete(name(other))
        } else {
          const length = random.below(100)
          tree.set(name(other), new Uint8Array(length))
          present.set(name(other), length)
        }
      }
      if (holder.held !== 0) wrong.push('a lock is held')
    }

    t.deepEqual(wrong, [])
    t.is(met, 5000)
  }
})

test('[LO45] entries may be deleted as they are met, and a cursor at its end looks again', (t) => {
  const { heap } = heapOf()
  const tree = BPlusTree.open(heap)
  for (let i = 0; i < 3000; i++) tree.set(bigEndian(i), bigEndian(i))

  const cursor = tree.cursor({ gte: bigEndian(1000), lt: bigEndian(4000) })
  let met = 0
  for (let entry = cursor.next(); entry !== null; entry = cursor.next()) {
    tree.delete(entry[0])
    met++
  }
  tree.set(bigEndian(3500), Uint8Array.of(5))

  t.is(met, 2000)
  t.is(tree.size, 1001)
  t.deepEqual(cursor.next(), [new Uint8Array(bigEndian(3500)), Uint8Array.of(5)])
  t.is(cursor.next(), null)
})

test('[LO46] an operation looks at the header and one aligned page a level', (t) => {
  const memory = new WatchedMemory(16 * MiB)
  const { heap } = heapOf(0, memory)
  const tree = BPlusTree.open(heap)
  for (const number of shuffled(60_000, 8)) tree.set(bigEndian(number), bigEndian(number))
  let most = 0

  for (let i = 0; i < 60_000; i += 61) {
    memory.pages.clear()
    tree.get(bigEndian(i))
    most = Math.max(most, memory.pages.size)
    memory.pages.clear()
    tree.set(bigEndian(i), bigEndian(i + 1))
    most = Math.max(most, memory.pages.size)
  }

  t.is(tree.height, 3)
  t.is(most, 4)
})

test('[LO46] a scan of n entries touches about as many pages as they fill', (t) => {
  const memory = new WatchedMemory(32 * MiB)
  const { heap } = heapOf(0, memory)
  const tree = BPlusTree.open(heap)
  for (const number of shuffled(60_000, 9)) tree.set(bigEndian(number), new Uint8Array(40))

  for (const reverse of [false, true]) {
    memory.pages.clear()
    const met = Array.from(
      tree.entries({ gte: bigEndian(20_000), lt: bigEndian(30_000), reverse }),
    ).length

    const filled = (10_000 * (8 + 4 + 40)) / 4096
    t.is(met, 10_000)
    t.true(memory.pages.size < filled * 1.7, `${memory.pages.size} pages for ${filled}`)
  }
  memory.pages.clear()
  t.is(Array.from(tree.entries({ gte: bigEndian(500), lt: bigEndian(510) })).length, 10)
  t.true(memory.pages.size <= 5, `${memory.pages.size} pages`)
})

test('[LO47] a tree in a full heap refuses, keeps all it has, and lets everything be deleted', (t) => {
  const { heap, holder } = heapOf(200 * 1024)
  const tree = BPlusTree.open(heap)
  const before = heap.stats()
  const model = new Map<string, string>()
  let refused = 0
  for (const number of shuffled(9000, 2)) {
    const bytes = new Uint8Array(number % 90 === 0 ? 700 : 20).fill(number)
    if (attempt(() => tree.set(bigEndian(number), bytes)) === 'no_resource') refused++
    else model.set(hex(bigEndian(number))!, hex(bytes)!)
  }

  t.true(refused > 1000)
  t.deepEqual(contentsOf(tree), inOrder(model))
  for (const name of model.keys()) t.true(tree.delete(Buffer.from(name, 'hex')))
  t.like(heap.stats(), { blocks: before.blocks, bytesInUse: before.bytesInUse })
  t.is(holder.held, 0)
})

test('[LO47] a split that finds one of its two pages only gives it back', (t) => {
  // Pages for the heap itself, the header, the root, and one more.
  const { heap } = heapOf(5 * 4096)
  const tree = BPlusTree.open(heap)
  let kept = 0
  let before = heap.stats()

  while (attempt(() => tree.set(bigEndian(kept), bigEndian(kept))) === undefined) {
    kept++
    before = heap.stats()
  }

  t.deepEqual(heap.stats(), before)
  t.is(before.pageBytesInUse, 2 * 4096)
  t.is(contentsOf(tree).length, kept)
  t.true(heap.alloc(4096) > 0)
})

test('[LO47] bad keys, values and ranges are refused and nothing changes', (t) => {
  const { heap, memory, holder } = heapOf()
  const tree = BPlusTree.open(heap)
  tree.set('here', Uint8Array.of(1))
  const before = memory.copy()

  const answers = [
    () => tree.set('x'.repeat(513), new Uint8Array(1)),
    () => tree.set('ü'.repeat(257), new Uint8Array(1)),
    () => tree.get(new Uint8Array(513)),
    () => tree.set('half \ud800', new Uint8Array(1)),
    () => tree.delete(5 as unknown as string),
    () => tree.set('k', new Uint8Array(maxValueBytes + 1)),
    () => tree.set('k', 'text' as unknown as Uint8Array),
    () => tree.cursor({ gt: 'a', gte: 'a' }),
    () => tree.cursor({ lt: 'a', lte: 'a' }),
  ].map((body) => attempt<unknown>(body))

  t.deepEqual(answers, [
    'too_large',
    'too_large',
    'too_large',
    'bad_argument',
    'bad_argument',
    'too_large',
    'bad_argument',
    'bad_argument',
    'bad_argument',
  ])
  t.true(isUnchanged(memory, before))
  t.is(holder.held, 0)
})
