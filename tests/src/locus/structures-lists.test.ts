/** Vector and append log beside an array, alone in plain memory. */
import { AppendLog, maxValueBytes, Vector } from '@katydid/locus'
import { Random } from '@katydid/actor'
import test from 'ava'
import * as fc from 'fast-check'
import {
  attempt,
  heapOf,
  hex,
  isUnchanged,
  MiB,
  randomBytes,
  WatchedMemory,
} from './support/structures.js'

const value = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.integer({ min: 0, max: 9000 }).map((length) => new Uint8Array(length).fill(length)),
)
const index = fc.nat(2000)

for (const recordBytes of [undefined, 1, 12, 1500, 5000]) {
  const kind = recordBytes === undefined ? 'byte values' : `records of ${recordBytes}`
  test(`[LO25] a vector of ${kind} does what an array does`, (t) => {
    const element =
      recordBytes === undefined
        ? value
        : fc.nat(255).map((byte) => new Uint8Array(recordBytes).fill(byte))
    const command = fc.oneof(
      { weight: 5, arbitrary: fc.record({ push: fc.array(element, { maxLength: 8 }) }) },
      { weight: 2, arbitrary: fc.record({ pop: fc.nat(12) }) },
      { weight: 2, arbitrary: fc.record({ set: index, to: element }) },
      { weight: 2, arbitrary: fc.record({ get: index }) },
      { weight: 1, arbitrary: fc.record({ from: index }) },
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (commands) => {
        const { heap, holder } = heapOf(8 * MiB)
        const vector = Vector.open(heap, 0, recordBytes === undefined ? {} : { recordBytes })
        const { blocks, bytesInUse } = heap.stats()
        const model: string[] = []
        for (const each of commands) {
          if ('push' in each) {
            for (const bytes of each.push) {
              if (vector.push(bytes) !== model.length) return false
              model.push(hex(bytes)!)
            }
          } else if ('pop' in each) {
            for (let i = 0; i < each.pop; i++) if (hex(vector.pop()) !== model.pop()) return false
          } else if ('set' in each) {
            const at = each.set % (model.length + 1)
            const answer = attempt(() => vector.set(at, each.to))
            if (answer !== (at < model.length ? undefined : 'bad_argument')) return false
            if (at < model.length) model[at] = hex(each.to)!
          } else if ('get' in each) {
            if (hex(vector.get(each.get)) !== model[each.get]) return false
          } else t.deepEqual(Array.from(vector.values(each.from), hex), model.slice(each.from))
          if (vector.length !== model.length || holder.held !== 0) return false
        }
        t.deepEqual(Array.from(vector.values(), hex), model)
        while (vector.pop() !== undefined);
        const after = heap.stats()
        return after.blocks === blocks && after.bytesInUse === bytesInUse
      }),
      { numRuns: 25 },
    )
  })
}

test('[LO28] a vector grows and shrinks through a hundred thousand elements, moves none, and leaks nothing', (t) => {
  const memory = new WatchedMemory(16 * MiB)
  const { heap } = heapOf(0, memory)
  const vector = Vector.open(heap, 0, { recordBytes: 8 })
  const before = heap.stats()
  let most = 0

  for (let i = 0; i < 100_000; i++) {
    memory.pages.clear()
    vector.push(new Uint8Array(Float64Array.of(i).buffer))
    most = Math.max(most, memory.pages.size)
  }
  const sum = Array.from(vector.values()).reduce((a, b) => a + new Float64Array(b.buffer)[0]!, 0)
  const { bytesInUse } = heap.stats()
  while (vector.pop() !== undefined);

  t.is(sum, (99_999 * 100_000) / 2)
  // The heap's header and descriptors of a new segment are among them; elements that move would be hundreds.
  t.true(most <= 10, `${most} pages in one push`)
  t.true(bytesInUse < 100_000 * 8 * 1.05, `${bytesInUse}`)
  t.like(heap.stats(), { blocks: before.blocks, bytesInUse: before.bytesInUse })
})

test('[LO47] what a vector refuses changes nothing', (t) => {
  const { heap, memory, holder } = heapOf()
  const records = Vector.open(heap, 0, { recordBytes: 8 })
  records.push(new Uint8Array(8))
  const values = Vector.open(heap, 1)
  const before = memory.copy()

  const answers = [
    () => records.push(new Uint8Array(7)),
    () => records.set(0, new Uint8Array(9)),
    () => records.set(1, new Uint8Array(8)),
    () => records.set(-1, new Uint8Array(8)),
    () => records.get(0.5),
    () => values.push(new Uint8Array(maxValueBytes + 1)),
    () => values.push('text' as unknown as Uint8Array),
    () => Vector.open(heap, 0, { recordBytes: 9 }),
    () => Vector.open(heap, 0),
    () => Vector.open(heap, 1, { recordBytes: 8 }),
    () => Vector.open(heap, 2, { recordBytes: 0 }),
  ].map((body) => attempt<unknown>(body))

  t.deepEqual(
    answers.map((answer) => answer === 'bad_argument' || answer === 'too_large'),
    answers.map(() => true),
  )
  // The version was odd for a moment; nothing else was touched.
  t.true(isUnchanged(memory, before))
  t.is(holder.held, 0)
})

for (const recordBytes of [undefined, 100]) {
  const kind = recordBytes === undefined ? 'byte values' : 'records'
  test(`[LO47] a vector of ${kind} in a full heap refuses and keeps all it has`, (t) => {
    const { heap } = heapOf(120 * 1024)
    const vector = Vector.open(heap, 0, recordBytes === undefined ? {} : { recordBytes })
    const before = heap.stats()
    const model: string[] = []
    for (let i = 0; i < 1500; i++) {
      const bytes = new Uint8Array(100).fill(i)
      const full = heap.stats()
      const answer = attempt(() => vector.push(bytes))
      if (answer === model.length) model.push(hex(bytes)!)
      else {
        t.is(answer, 'no_resource')
        t.deepEqual(heap.stats(), full)
      }
    }

    t.true(model.length > 500 && model.length < 1500)
    t.deepEqual(Array.from(vector.values(), hex), model)
    while (vector.pop() !== undefined);
    t.like(heap.stats(), { blocks: before.blocks, bytesInUse: before.bytesInUse })
  })
}

test('[LO26] a log answers what was appended, from any position, until it is trimmed', (t) => {
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.record({ append: fc.array(value, { maxLength: 12 }) }) },
    { weight: 2, arbitrary: fc.record({ trim: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ read: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ from: fc.nat(100) }) },
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (commands) => {
      const { heap, holder } = heapOf(16 * MiB)
      const log = AppendLog.open(heap)
      const { blocks } = heap.stats()
      let model: { position: number; bytes: string }[] = []
      let last = -1
      for (const each of commands) {
        if ('append' in each) {
          for (const bytes of each.append) {
            const position = log.append(bytes)
            if (position <= last) return false
            last = position
            model.push({ position, bytes: hex(bytes)! })
          }
        } else if ('trim' in each) {
          const at = Math.floor((each.trim / 100) * (model.length + 1))
          const gone = model.slice(0, at)
          log.trim(model[at]?.position ?? log.next)
          model = model.slice(at)
          for (const { position } of gone)
            if (attempt(() => log.read(position)) !== 'bad_argument') return false
        } else if ('read' in each) {
          const entry = model[each.read % Math.max(1, model.length)]
          if (entry && hex(log.read(entry.position)) !== entry.bytes) return false
        } else {
          const at = each.from % Math.max(1, model.length)
          const found = Array.from(
            log.entries(model[at]?.position ?? 0),
            ({ position, bytes }) => ({
              position,
              bytes: hex(bytes),
            }),
          )
          t.deepEqual(found, model.slice(at))
        }
        if (log.first !== (model[0]?.position ?? log.next) || holder.held !== 0) return false
      }
      t.deepEqual(
        Array.from(log.entries(), ({ bytes }) => hex(bytes)),
        model.map(({ bytes }) => bytes),
      )
      log.trim(log.next)
      // The header, and the ring if it was ever needed.
      return heap.stats().blocks <= blocks + 1 && heap.stats().bytesInUse <= 64 + 64
    }),
    { numRuns: 40 },
  )
})

test('[LO28] a hundred thousand entries pass through a log with room for few', (t) => {
  const { heap } = heapOf(512 * 1024)
  const log = AppendLog.open(heap)
  const random = new Random(3)
  const kept: { position: number; bytes: Uint8Array }[] = []
  let wrong = 0

  for (let i = 0; i < 100_000; i++) {
    const bytes = randomBytes(random, random.below(90))
    kept.push({ position: log.append(bytes), bytes })
    if (kept.length > 2000) {
      const oldest = kept.splice(0, 1 + random.below(300))[0]!
      if (hex(log.read(oldest.position)) !== hex(oldest.bytes)) wrong++
      log.trim(kept[0]!.position)
    }
  }

  t.is(wrong, 0)
  t.deepEqual(
    Array.from(log.entries(), ({ position, bytes }) => ({ position, bytes })),
    kept,
  )
  t.true(log.first > 4 * MiB)
  log.trim(log.next)
  t.like(heap.stats(), { blocks: 2, bytesInUse: 128 })
})

test('[LO26] a position at which no entry begins is refused, and one ahead or trimmed too', (t) => {
  const { heap, memory } = heapOf()
  const log = AppendLog.open(heap)
  const positions = [100, 0, 20_000, 3].map((length) => log.append(new Uint8Array(length)))
  log.trim(positions[1]!)
  const before = memory.copy()

  const bad = [
    positions[0]!,
    positions[2]! + 8,
    positions[2]! + 4096,
    log.next,
    log.next + 8,
    -8,
    4,
    NaN,
  ]
  const answers = bad.map((position) => attempt(() => hex(log.read(position))))
  const trims = [positions[2]! + 8, log.next + 8, 1.5].map((position) =>
    attempt(() => log.trim(position)),
  )

  t.deepEqual(
    answers,
    bad.map(() => 'bad_argument'),
  )
  t.deepEqual(trims, ['bad_argument', 'bad_argument', 'bad_argument'])
  t.true(isUnchanged(memory, before))
  t.is(log.read(positions[2]!).length, 20_000)
})

test('[LO26] an iteration passes over what is trimmed meanwhile and meets what is appended', (t) => {
  const { heap } = heapOf()
  const log = AppendLog.open(heap)
  const positions = Array.from({ length: 100 }, (_, i) => log.append(Uint8Array.of(i)))
  const met: number[] = []

  for (const { bytes } of log.entries()) {
    met.push(bytes[0]!)
    if (bytes[0] === 9) log.trim(positions[50]!)
    if (bytes[0] === 99) log.append(Uint8Array.of(200))
  }

  const ten = Array.from({ length: 10 }, (_, i) => i)
  t.deepEqual(met, [...ten, ...Array.from({ length: 50 }, (_, i) => 50 + i), 200])
})

test('[LO47] a log in a full heap refuses, keeps all it has, and takes entries again when trimmed', (t) => {
  const { heap, holder } = heapOf(150 * 1024)
  const log = AppendLog.open(heap)
  const positions: number[] = []
  const before = (): unknown => [heap.stats(), log.first, log.next]
  for (let i = 0; i < 100; i++) {
    const state = before()
    const answer = attempt(() => log.append(new Uint8Array(5000).fill(i)))
    if (typeof answer === 'number') positions.push(answer)
    else t.deepEqual([answer, before()], ['no_resource', state])
  }

  t.true(positions.length > 10 && positions.length < 100)
  t.deepEqual(
    Array.from(log.entries(), ({ bytes }) => bytes[4999]),
    positions.map((_, i) => i),
  )
  log.trim(positions[8]!)
  t.is(typeof log.append(new Uint8Array(20_000)), 'number')
  t.is(
    attempt(() => log.append(new Uint8Array(maxValueBytes + 1))),
    'too_large',
  )
  t.is(holder.held, 0)
})
