/** Programs that use one tree, log or vector together, one an export. Each answers what it found wrong. */
import { AppendLog, BPlusTree, Heap, Vector, type Locus } from '@katydid/locus'
import { Random } from '@katydid/actor'

interface Task {
  readonly me: number
  readonly rounds: number
}

const heapOf = (locus: Locus): Heap => Heap.open(locus, locus.window())
const name = (number: number): string => String(number).padStart(6, '0')

/** A value that says whose it is and how long: one that is half of another is found out. */
function valueOf(me: number, round: number, length: number): Uint8Array {
  const bytes = new Uint8Array(8 + length).fill((me * 64 + round) & 255)
  new DataView(bytes.buffer).setUint32(0, me)
  new DataView(bytes.buffer).setUint32(4, round)
  return bytes
}

function isWhole(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const byte = (view.getUint32(0) * 64 + view.getUint32(4)) & 255
  return bytes.subarray(8).every((each) => each === byte)
}

/** Sets and deletes keys of its own among those of the others, reads everybody's, and walks over all. */
export function treeChurner(locus: Locus): unknown {
  const { me, rounds } = locus.argument<Task>()
  const tree = BPlusTree.open(heapOf(locus))
  const random = new Random(me)
  const own = new Map<string, Uint8Array>()
  const wrong: string[] = []
  let walked = 0
  let cursor = tree.cursor()
  let last = ''
  for (let round = 0; round < rounds; round++) {
    const key = name(random.below(1500) * 4 + me)
    const isFilling = Math.floor(round / 1000) % 2 === 0
    if (random.below(10) < (isFilling ? 7 : 3)) {
      const value = valueOf(me, round, random.below(random.below(30) === 0 ? 2000 : 90))
      tree.set(key, value)
      own.set(key, value)
    } else if (tree.delete(key) !== own.delete(key)) wrong.push(`delete ${key}`)
    const known = name(random.below(1500) * 4 + me)
    const found = tree.get(known)
    if (!same(found, own.get(known))) wrong.push(`get ${known}`)
    const other = tree.get(name(random.below(6000)))
    if (other !== undefined && !isWhole(other)) wrong.push(`a value of others in parts`)
    const entry = cursor.next()
    if (entry === null) {
      cursor = tree.cursor()
      last = ''
      continue
    }
    walked++
    const key2 = Buffer.from(entry[0]).toString()
    if (key2 <= last) wrong.push(`${key2} after ${last}`)
    if (!isWhole(entry[1])) wrong.push(`an entry in parts`)
    const isOwn = Number(key2) % 4 === me
    if (isOwn && !same(entry[1], own.get(key2))) wrong.push(`walked over ${key2} as it was`)
    last = key2
    if (round % 16 === 0) locus.safepoint()
  }
  const kept = [...own].filter(([key, value]) => !same(tree.get(key), value)).length
  for (const key of own.keys()) if (!tree.delete(key)) wrong.push(`delete ${key} at the end`)
  return { wrong, kept, walked }
}

/** Reads every key of a fixed set, forwards and backwards, while others set and delete around them. */
export function treeReader(locus: Locus): unknown {
  const { rounds } = locus.argument<Task>()
  const tree = BPlusTree.open(heapOf(locus))
  const wrong: string[] = []
  for (let round = 0; round < rounds; round++) {
    const reverse = round % 2 === 1
    let met = 0
    for (const [key] of tree.entries({ reverse })) {
      if (Number(Buffer.from(key).toString()) % 4 === 3) met++
      locus.safepoint()
    }
    if (met !== 300) wrong.push(`${met} of 300 in round ${round}`)
  }
  return { wrong, kept: 0, walked: 0 }
}

/** Sets the 300 keys that stay. */
export function treeFiller(locus: Locus): unknown {
  const tree = BPlusTree.open(heapOf(locus))
  for (let i = 0; i < 300; i++) tree.set(name(i * 20 + 3), valueOf(3, i, i % 50))
  return tree.size
}

export function treeTotals(locus: Locus): unknown {
  const heap = heapOf(locus)
  const tree = BPlusTree.open(heap)
  const { size } = tree
  const entries = Array.from(tree.entries()).length
  for (let i = 0; i < 300; i++) tree.delete(name(i * 20 + 3))
  return { size, entries, left: tree.size, height: tree.height, blocks: heap.stats().blocks }
}

/** Overwrites the same few values, each of one byte throughout. */
export function overwriter(locus: Locus): unknown {
  const { me, rounds } = locus.argument<Task>()
  const heap = heapOf(locus)
  const tree = BPlusTree.open(heap)
  const records = Vector.open(heap, 1, { recordBytes: 3000 })
  for (let round = 0; round < rounds; round++) {
    const byte = (round * 3 + me) & 255
    tree.set(name(round % 4), new Uint8Array(480).fill(byte))
    if (records.length < 4) records.push(new Uint8Array(3000))
    records.set(round % 4, new Uint8Array(3000).fill(byte))
    if (round % 16 === 0) locus.safepoint()
  }
  tree.set('done', new Uint8Array(0))
  return { wrong: [] }
}

/** Reads those values until an overwriter is done. */
export function observer(locus: Locus): unknown {
  const heap = heapOf(locus)
  const tree = BPlusTree.open(heap)
  const records = Vector.open(heap, 1, { recordBytes: 3000 })
  const wrong: string[] = []
  let seen = 0
  for (let round = 0; !tree.has('done'); round++) {
    for (const value of [tree.get(name(round % 4)), records.get(round % 4)]) {
      if (value === undefined) continue
      seen++
      if (value.some((byte) => byte !== value[0])) wrong.push('a value in parts')
    }
    if (round % 16 === 0) locus.safepoint()
  }
  return { wrong, seen }
}

/** Appends entries of its own, reads some again, and one of all trims what everybody has had time to read. */
export function logWriter(locus: Locus): unknown {
  const { me, rounds } = locus.argument<Task>()
  const log = AppendLog.open(heapOf(locus))
  const random = new Random(me)
  const wrong: string[] = []
  let last = -1
  for (let round = 0; round < rounds; round++) {
    const value = valueOf(me, round, random.below(200))
    const position = log.append(value)
    if (position <= last) wrong.push(`${position} after ${last}`)
    last = position
    if (!same(log.read(position), value)) wrong.push(`read ${position}`)
    for (const { bytes } of log.entries(position)) {
      if (!isWhole(bytes)) wrong.push('an entry in parts')
      break
    }
    if (round % 16 === 0) locus.safepoint()
  }
  return { wrong }
}

/** Follows the log until it has met all that every writer appends, trimming behind itself. */
export function logReader(locus: Locus): unknown {
  const { me: writers, rounds } = locus.argument<Task>()
  const heap = heapOf(locus)
  const log = AppendLog.open(heap)
  const next = new Map<number, number>()
  const wrong: string[] = []
  let met = 0
  let from = 0
  while (met < writers * rounds && wrong.length === 0) {
    for (const { bytes, next: behind } of log.entries(from)) {
      const view = new DataView(bytes.buffer)
      const [writer, round] = [view.getUint32(0), view.getUint32(4)]
      if (round !== (next.get(writer) ?? 0)) wrong.push(`${round} of ${writer} out of turn`)
      if (!isWhole(bytes)) wrong.push('an entry in parts')
      next.set(writer, round + 1)
      from = behind
      met++
      if (met % 64 === 0) locus.safepoint()
    }
    // What a writer reads again is never further back than the entries under way.
    locus.safepoint()
  }
  log.trim(log.next)
  return { wrong, met, blocks: heap.stats().blocks }
}

/** Pushes and pops records that sum up; whoever pops gets what somebody pushed, once. */
export function vectorWorker(locus: Locus): unknown {
  const { me, rounds } = locus.argument<Task>()
  const heap = heapOf(locus)
  const vector = Vector.open(heap, 0, { recordBytes: 16 })
  const values = Vector.open(heap, 1)
  const random = new Random(me)
  const wrong: string[] = []
  let balance = 0
  let valueBalance = 0
  for (let round = 0; round < rounds; round++) {
    const isPush = random.below(100) < 55
    if (isPush) {
      vector.push(new Uint8Array(BigInt64Array.of(BigInt(round), BigInt(-round)).buffer))
      balance += round
      values.push(valueOf(me, round, random.below(90)))
      valueBalance += round
    } else {
      const popped = vector.pop()
      if (popped !== undefined) balance -= numberOf(popped, wrong)
      const value = values.pop()
      if (value !== undefined) {
        if (!isWhole(value)) wrong.push('a popped value in parts')
        valueBalance -= new DataView(value.buffer).getUint32(4)
      }
    }
    const at = random.below(400)
    const record = vector.get(at)
    if (record !== undefined) numberOf(record, wrong)
    const value = values.get(at)
    if (value !== undefined && !isWhole(value)) wrong.push('a value in parts')
    if (round % 16 === 0) locus.safepoint()
  }
  return { wrong, balance, valueBalance }
}

export function vectorTotals(locus: Locus): unknown {
  const heap = heapOf(locus)
  const vector = Vector.open(heap, 0, { recordBytes: 16 })
  const values = Vector.open(heap, 1)
  const wrong: string[] = []
  let balance = 0
  let valueBalance = 0
  for (const bytes of vector.values()) balance += numberOf(bytes, wrong)
  for (const bytes of values.values()) valueBalance += new DataView(bytes.buffer).getUint32(4)
  while (vector.pop() !== undefined);
  while (values.pop() !== undefined);
  return { wrong, balance, valueBalance, blocks: heap.stats().blocks }
}

function numberOf(record: Uint8Array, wrong: string[]): number {
  const [number, negative] = new BigInt64Array(record.slice().buffer)
  if (number !== -negative!) wrong.push('a record in parts')
  return Number(number)
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0
}
