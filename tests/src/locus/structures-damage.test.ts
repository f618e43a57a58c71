/** What the structures say of memory that is not theirs, or was written over. */
import { AppendLog, BPlusTree, Heap, Vector } from '@katydid/locus'
import { AccessError } from '@katydid/memory'
import { Random } from '@katydid/actor'
import test from 'ava'
import { allOf, attempt, heapOf, hex, isUnchanged, type Place } from './support/structures.js'
import type { PlainMemory } from './support/plain.js'

const openers: Record<string, (heap: Heap, root: number) => unknown> = {
  'a tree': (heap, root) => BPlusTree.open(heap, root),
  'a log': (heap, root) => AppendLog.open(heap, root),
  records: (heap, root) => Vector.open(heap, root, { recordBytes: 12 }),
  values: (heap, root) => Vector.open(heap, root),
}

for (const [name, open] of Object.entries(openers)) {
  test(`[LO48] ${name} opened again has what it had; at a foreign, outside or newer place it is refused`, (t) => {
    const { heap, memory, holder } = heapOf()
    allOf(heap)
    open(heap, 5)
    const foreign = heap.alloc(200)
    memory.setBytes(foreign, new Uint8Array(200).fill(0xab))
    const roots = [foreign, 1, -16, memory.length - 16, memory.length, 2 ** 31 - 16]
    const other = name === 'a log' ? 0 : 1

    const answers: unknown[] = roots.map((at) => {
      heap.setRoot(4, at)
      const before = memory.copy()
      const answer = attempt(() => open(heap, 4))
      t.true(isUnchanged(memory, before))
      return answer
    })
    answers.push(attempt(() => open(heap, other)))
    memory.setInt32(heap.root(5) + 4, 2)
    const newer = attempt(() => open(heap, 5))

    t.deepEqual(answers, Array(7).fill('bad_argument'))
    t.is(newer, 'world_version')
    t.is(holder.held, 0)
  })
}

test('[LO48] opened again at their roots, all have what they had', (t) => {
  const { heap } = filled(new Random(1))

  const first = summary(heap)
  const second = summary(Heap.open(heap.holder, heap.memory))

  t.deepEqual(second, first)
  t.is((second as unknown[]).length, 4)
})

/** Where each word lies, by the layouts. */
const damages: Record<string, (place: Place) => void> = {
  'a tree’s root beyond the window': ({ heap, memory }) =>
    memory.setInt32(heap.root(0) + 16, 2 ** 30),
  'a tree’s root inside a page': ({ heap, memory }) => add(memory, heap.root(0) + 16, 16),
  'a tree’s root that is another block': ({ heap, memory }) =>
    memory.setInt32(heap.root(0) + 16, heap.alloc(4096)),
  'a node of another tree': ({ heap, memory }) =>
    add(memory, memory.getInt32(heap.root(0) + 16) + 8, 16),
  'a node with too many slots': ({ heap, memory }) =>
    memory.setInt32(memory.getInt32(heap.root(0) + 16) + 16, 5000),
  'a node left half changed': ({ heap, memory }) =>
    add(memory, memory.getInt32(heap.root(0) + 16), 1),
  'a child of the wrong level': ({ heap, memory }) => {
    const root = memory.getInt32(heap.root(0) + 16)
    memory.setInt32(root + 28, root)
  },
}

for (const [name, damage] of Object.entries(damages)) {
  test(`[LO48] ${name} is damaged, and nothing changes`, (t) => {
    const place = filled(new Random(2))
    const { heap, memory, holder } = place
    const { tree } = allOf(heap)
    damage(place)
    const before = memory.copy()

    const answers = [
      () => tree.get(''),
      () => tree.set('', new Uint8Array(3)),
      () => tree.delete(''),
      () => tree.cursor().next(),
      () => BPlusTree.open(heap, 0),
    ].map((body) => attempt<unknown>(body))

    t.deepEqual(answers, Array(5).fill('damaged'))
    t.true(isUnchanged(memory, before))
    t.is(holder.held, 0)
  })
}

test('[LO48] damage of vectors and logs is told where it is met', (t) => {
  const { heap, memory, holder } = filled(new Random(3))
  const { log, records, values } = allOf(heap)
  const segment = memory.getInt32(records.at + 32)
  memory.setInt32(segment, 12)
  memory.setInt32(memory.getInt32(memory.getInt32(values.at + 32)), memory.length)
  memory.setFloat64(log.at + 16, 4)
  const before = memory.copy()

  const answers = [
    () => records.get(0),
    () => records.set(0, new Uint8Array(12)),
    () => values.get(0),
    () => values.set(0, new Uint8Array(1)),
    () => log.read(8),
    () => log.append(new Uint8Array(1)),
    () => log.trim(log.next),
    () => AppendLog.open(heap, 1),
  ].map((body) => attempt<unknown>(body))

  t.deepEqual(answers, Array(8).fill('damaged'))
  t.true(isUnchanged(memory, before))
  t.is(holder.held, 0)
})

test('[LO48] whatever words are written over, every call ends, with an answer or an error', (t) => {
  const random = new Random(7)
  const { heap, memory, holder } = filled(random)
  const whole = memory.copy()
  const seen = new Map<string, number>()
  for (let round = 0; round < 1500; round++) {
    memory.setBytes(0, whole)
    const roots = [0, 1, 2, 3].map((root) => heap.root(root))
    const rootNode = memory.getInt32(roots[0]! + 16)
    for (let i = 0; i < 1 + random.below(6); i++) {
      // Headers and nodes only: what the heap itself says is the heap's to check.
      const near = random.below(2) === 0
      const from = near ? roots[random.below(4)]! : rootNode
      const at = from + 8 + random.below(near ? 8 : 1020) * 4
      // The words of locks stay: a lock that nobody releases is another rule.
      if (roots.includes(at - 8)) continue
      const word = [0, -1, random.below(2 ** 31), memory.getInt32(at) ^ (1 << random.below(31))]
      memory.setInt32(at, word[random.below(4)]!)
    }
    for (const outcome of useAll(heap, random)) seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    if (holder.held !== 0) break
  }

  t.is(holder.held, 0)
  t.true((seen.get('ok') ?? 0) > 1000)
  t.true((seen.get('damaged') ?? 0) > 1000)
  t.deepEqual(
    [...seen.keys()].filter((status) => !known.has(status)),
    [],
  )
})

const known = new Set(['ok', 'damaged', 'bad_argument', 'no_resource', 'world_version'])

function* useAll(heap: Heap, random: Random): Generator<string> {
  const key = String(random.below(4000))
  const bodies: (() => unknown)[] = [
    () => BPlusTree.open(heap, 0).get(key),
    () => firstOf(BPlusTree.open(heap, 0).entries({ gte: key })),
    () => firstOf(BPlusTree.open(heap, 0).entries({ lt: key, reverse: true })),
    () => BPlusTree.open(heap, 0).set(key, new Uint8Array(random.below(700))),
    () => BPlusTree.open(heap, 0).delete(key),
    () => AppendLog.open(heap, 1).append(new Uint8Array(100)),
    () => firstOf(AppendLog.open(heap, 1).entries()),
    () => AppendLog.open(heap, 1).trim(AppendLog.open(heap, 1).next),
    () => Vector.open(heap, 2, { recordBytes: 12 }).push(new Uint8Array(12)),
    () => Vector.open(heap, 2, { recordBytes: 12 }).pop(),
    () => Vector.open(heap, 3).get(random.below(300)),
    () => Vector.open(heap, 3).pop(),
  ]
  for (const body of bodies) {
    const answer = attempt(body)
    yield typeof answer === 'string' ? answer : 'ok'
  }
}

function firstOf(entries: Iterator<unknown>): unknown {
  return entries.next().value
}

function add(memory: PlainMemory, at: number, by: number): void {
  memory.setInt32(at, memory.getInt32(at) + by)
}

function filled(random: Random): Place {
  const place = heapOf(2 * 1024 * 1024)
  const { tree, log, records, values } = allOf(place.heap)
  for (let i = 0; i < 3000; i++) tree.set(String(i), new Uint8Array(random.below(30)).fill(i))
  for (let i = 0; i < 300; i++) {
    log.append(new Uint8Array(random.below(300)).fill(i))
    records.push(new Uint8Array(12).fill(i))
    values.push(new Uint8Array(1 + random.below(90)).fill(i))
  }
  return place
}

function summary(heap: Heap): unknown {
  const { tree, log, records, values } = allOf(heap)
  return [
    Array.from(tree.entries(), (entry) => entry.map(hex)),
    Array.from(log.entries(), ({ bytes }) => hex(bytes)),
    Array.from(records.values(), hex),
    Array.from(values.values(), hex),
  ]
}

test('[LO48] an access that is refused is passed on as it is', (t) => {
  const { heap, memory } = heapOf()
  const { tree } = allOf(heap)
  tree.set('a', new Uint8Array(1))
  const refusal = new AccessError('no_frames', 'none')
  memory.getBytes = () => {
    throw refusal
  }

  const error = t.throws(() => tree.get('a'))

  t.is(error, refusal)
})
