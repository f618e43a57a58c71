import { Heap, LocusError, maxValueBytes, SharedMap, type MapKey } from '@katydid/locus'
import { Random } from '@katydid/actor'
import test from 'ava'
import * as fc from 'fast-check'
import { LoneHolder, PlainMemory } from './support/plain.js'

const MiB = 1024 * 1024

function mapOf(bytes = 4 * MiB): {
  map: SharedMap
  heap: Heap
  memory: PlainMemory
  holder: LoneHolder
} {
  const memory = new PlainMemory(bytes)
  const holder = new LoneHolder()
  const heap = Heap.open(holder, memory)
  return { memory, holder, heap, map: SharedMap.open(heap) }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function contents(map: SharedMap): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of map.entries()) {
    if (all.has(text(key))) throw new Error(`${text(key)} comes twice`)
    all.set(text(key), text(value))
  }
  return all
}

const sorted = (of: Map<string, string>): string[][] => [...of].sort(([a], [b]) => (a < b ? -1 : 1))

const key = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.string({ unit: 'grapheme', maxLength: 2 }),
  fc.uint8Array({ maxLength: 9 }),
)
const value = fc.uint8Array({ maxLength: 700 })
const command = fc.oneof(
  fc.record({ set: key, value }),
  fc.record({ set: key, value }),
  fc.record({ delete: key }),
  fc.record({ update: key, by: fc.constantFrom('append', 'cut', 'drop') }),
  fc.record({ get: key }),
)

test('[LO36] a shared map does what a Map does', (t) => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const { map, holder } = mapOf()
      const model = new Map<string, Uint8Array>()
      const name = (of: MapKey): string => text(typeof of === 'string' ? Buffer.from(of) : of)
      for (const each of commands) {
        if ('set' in each) {
          map.set(each.set, each.value)
          model.set(name(each.set), each.value)
        } else if ('delete' in each) {
          if (map.delete(each.delete) !== model.delete(name(each.delete))) return false
        } else if ('get' in each) {
          const got = map.get(each.get)
          const wanted = model.get(name(each.get))
          if (map.has(each.get) !== (wanted !== undefined)) return false
          if ((got && text(got)) !== (wanted && text(wanted))) return false
        } else {
          const change = (before: Uint8Array | undefined): Uint8Array | undefined =>
            each.by === 'drop'
              ? undefined
              : each.by === 'cut'
                ? before?.slice(0, 1)
                : Uint8Array.from([...(before ?? []), 7])
          map.update(each.update, change)
          const after = change(model.get(name(each.update)))
          if (after === undefined) model.delete(name(each.update))
          else model.set(name(each.update), after)
        }
        if (map.size !== model.size) return false
      }
      const expected = new Map([...model].map(([k, v]) => [k, text(v)]))
      t.deepEqual(sorted(contents(map)), sorted(expected))
      return holder.held === 0
    }),
    { numRuns: 60 },
  )
})

test('[LO36] a hundred thousand keys of one map, as a Map has them', (t) => {
  const { map } = mapOf(32 * MiB)
  const random = new Random(11)
  const model = new Map<string, number>()

  for (let i = 0; i < 200_000; i++) {
    const word = `w${random.below(100_000)}`
    map.addWords(word, [1, i])
    model.set(word, (model.get(word) ?? 0) + 1)
  }

  t.is(map.size, model.size)
  let wrong = 0
  for (const [word, count] of model) if (map.getWords(word)?.[0] !== count) wrong++
  t.is(wrong, 0)
})

test('[LO39] it grows by one bucket at a time, each bucket small', (t) => {
  const { map, heap } = mapOf(32 * MiB)
  let most = 0

  for (let i = 0; i < 60_000; i++) {
    const before = map.buckets
    map.addWords(`word ${i}`, [1, 1])
    most = Math.max(most, map.buckets - before)
  }

  t.is(most, 1)
  const bytes = 60_000 * 28
  t.true(map.buckets > bytes / 1024 && map.buckets < bytes / 256, `${map.buckets} buckets`)
  t.true(heap.stats().pageBytesInUse < bytes * 2, `${heap.stats().pageBytesInUse} bytes`)
})

test('[LO43] an operation touches the map’s page, one of the directory and one with entries', (t) => {
  const memory = new Watched(16 * MiB)
  const map = SharedMap.open(Heap.open(new LoneHolder(), memory))
  for (let i = 0; i < 50_000; i++) map.addWords(`word ${i}`, [1, 1])
  let most = 0

  for (let i = 0; i < 50_000; i += 7) {
    memory.pages.clear()
    map.addWords(`word ${i}`, [1, 1])
    most = Math.max(most, memory.pages.size)
  }

  t.true(most <= 3, `${most} pages`)
})

test('[LO44] in place order, a batch of keys visits the pages of entries in one sweep', (t) => {
  const memory = new Watched(16 * MiB)
  const map = SharedMap.open(Heap.open(new LoneHolder(), memory))
  const words = Array.from({ length: 20_000 }, (_, i) => `word ${i}`)
  for (const word of words) map.addWords(word, [1])

  const ordered = map.inPlaceOrder(words)
  const changes = changesOf(memory, () => ordered.forEach((word) => void map.get(word)))
  const unordered = changesOf(memory, () => words.forEach((word) => void map.get(word)))

  t.deepEqual(ordered.toSorted(), words.toSorted())
  t.true(changes < 400, `${changes} changes of page in order`)
  t.true(unordered > 10_000, `${unordered} out of order`)
})

test('[LO38] an iteration meets every entry exactly once while the map grows', (t) => {
  const { map } = mapOf(16 * MiB)
  const lasting = Array.from({ length: 3000 }, (_, i) => `stays ${i}`)
  for (const word of lasting) map.set(word, new Uint8Array(4))
  const met = new Map<string, number>()
  const before = map.buckets

  let added = 0
  for (let cursor: number | null = 0; cursor !== null;) {
    cursor = map.scan(cursor, (k) => met.set(text(k), (met.get(text(k)) ?? 0) + 1))
    for (let i = 0; i < 40; i++) map.set(`comes ${added++}`, new Uint8Array(30))
  }

  t.true(map.buckets > before * 2)
  t.deepEqual(
    lasting.filter((word) => met.get(word) !== 1),
    [],
  )
  t.deepEqual(
    [...met.values()].filter((times) => times !== 1),
    [],
  )
})

test('[LO40] what update’s function throws is passed on, and nothing changes', (t) => {
  const { map, memory, holder } = mapOf()
  map.set('a', new Uint8Array([1]))
  const before = memory.copy()

  const thrown = t.throws(() =>
    map.update('a', () => {
      throw new RangeError('no')
    }),
  )
  const nested = attempt(() => map.update('a', () => map.get('b')))

  t.true(thrown instanceof RangeError)
  t.is(nested, 'lock_held')
  t.deepEqual(memory.copy(), before)
  t.is(holder.held, 0)
})

test('[LO40] bad keys and values are refused and nothing changes', (t) => {
  const { map, memory, holder } = mapOf()
  map.addWords('two', [1, 2])
  const before = memory.copy()

  const answers = [
    () => map.set('x'.repeat(4096), new Uint8Array(1)),
    () => map.set('ü'.repeat(2048), new Uint8Array(1)),
    () => map.get(new Uint8Array(4096)),
    () => map.set('half \ud800', new Uint8Array(1)),
    () => map.set('k', new Uint8Array(maxValueBytes + 1)),
    () => map.set('k', 'text' as unknown as Uint8Array),
    () => map.addWords('two', [1]),
  ].map(attempt)

  t.deepEqual(answers, [
    'too_large',
    'too_large',
    'too_large',
    'bad_argument',
    'too_large',
    'bad_argument',
    'bad_argument',
  ])
  t.deepEqual(memory.copy(), before)
  t.is(holder.held, 0)
})

test('[LO36] the longest keys and values are kept', (t) => {
  const { map } = mapOf()
  const long = 'k'.repeat(4095)
  const large = new Uint8Array(maxValueBytes).fill(9)

  map.set(long, large)
  map.set('', new Uint8Array(0))

  t.deepEqual(map.get(long), large)
  t.deepEqual(map.get(''), new Uint8Array(0))
  t.is(map.size, 2)
})

test('[LO41] a full heap refuses a new entry, and the map is as before', (t) => {
  const { map, holder } = mapOf(160 * 1024)
  const model = new Map<string, string>()
  let refused = 0
  for (let i = 0; i < 4000; i++) {
    const answer = attempt(() => map.set(`k${i}`, new Uint8Array(40).fill(i)))
    if (answer === 'no_resource') refused++
    else model.set(`k${i}`, text(new Uint8Array(40).fill(i)))
  }

  t.true(refused > 100)
  t.deepEqual(sorted(contents(map)), sorted(model))
  for (const word of model.keys()) map.delete(word)
  map.set('again', new Uint8Array(40))
  t.is(map.size, 1)
  t.is(holder.held, 0)
})

test('[LO35] a map opened again at its root has its entries; another thing there is refused', (t) => {
  const { map, heap } = mapOf()
  map.set('here', new Uint8Array([5]))
  heap.setRoot(1, heap.alloc(100))

  const again = SharedMap.open(heap, 0)
  const other = attempt(() => SharedMap.open(heap, 1))
  const second = SharedMap.open(heap, 2)

  t.deepEqual(again.get('here'), new Uint8Array([5]))
  t.is(other, 'bad_argument')
  t.is(second.size, 0)
})

/** Memory that notes which of its pages are touched, and how often the page with entries changes. */
class Watched extends PlainMemory {
  readonly pages = new Set<number>()
  readonly order: number[] = []

  override getInt32(offset: number): number {
    this.#note(offset)
    return super.getInt32(offset)
  }

  override setInt32(offset: number, word: number): void {
    this.#note(offset)
    super.setInt32(offset, word)
  }

  override compareExchange(offset: number, expected: number, to: number): number {
    this.#note(offset)
    return super.compareExchange(offset, expected, to)
  }

  override getBytes(offset: number, length: number): Uint8Array {
    this.#note(offset)
    this.order.push(offset >>> 12)
    return super.getBytes(offset, length)
  }

  #note(offset: number): void {
    this.pages.add(offset >>> 12)
  }
}

function changesOf(memory: Watched, body: () => void): number {
  memory.order.length = 0
  body()
  return memory.order.filter((page, i) => i > 0 && page !== memory.order[i - 1]).length
}

function attempt<T>(body: () => T): T | string {
  try {
    return body()
  } catch (error) {
    if (error instanceof LocusError) return error.status
    throw error
  }
}
