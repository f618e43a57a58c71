/**
 * What another locus changes in the middle of an operation, at every point at which it could: at a drawn access of the one the
 * other does something, in one piece, through handles of its own. Where a lock is held it could not.
 */
import { AppendLog, BPlusTree, Heap, Vector, type TreeCursor } from '@katydid/locus'
import { Random } from '@katydid/actor'
import test from 'ava'
import { LoneHolder, PlainMemory } from './support/plain.js'
import { attempt, contentsOf, hex, inOrder, MiB } from './support/structures.js'

/** Memory that runs something else before the access it was told to wait for. */
class InterruptedMemory extends PlainMemory {
  #left = 0
  #body: (() => void) | null = null

  /** `body` runs before the access after the next `accesses`, when `may` allows it, else at the first that it allows. */
  interrupt(accesses: number, may: () => boolean, body: () => void): void {
    this.#left = accesses
    this.#body = () => {
      if (!may()) return
      this.#body = null
      body()
    }
  }

  /** Whether it has happened; it does not any more. */
  settle(): boolean {
    const happened = this.#body === null
    this.#body = null
    return happened
  }

  override getInt32(offset: number): number {
    this.#access()
    return super.getInt32(offset)
  }

  override getBytes(offset: number, length: number): Uint8Array {
    this.#access()
    return super.getBytes(offset, length)
  }

  override atomicLoad(offset: number): number {
    this.#access()
    return super.atomicLoad(offset)
  }

  #access(): void {
    if (this.#body !== null && this.#left-- <= 0) this.#body()
  }
}

interface Pair {
  readonly memory: InterruptedMemory
  readonly one: Heap
  readonly other: Heap
  /** Runs `operation`, with `change` somewhere in it. Answers what it answered, and whether `change` happened. */
  readonly between: <T>(
    accesses: number,
    change: () => void,
    operation: () => T,
  ) => { answer: T; happened: boolean }
}

function pair(): Pair {
  const memory = new InterruptedMemory(4 * MiB)
  const holder = new LoneHolder(1)
  const one = Heap.open(holder, memory)
  return {
    memory,
    one,
    other: Heap.open(new LoneHolder(2), memory),
    between: (accesses, change, operation) => {
      memory.interrupt(accesses, () => holder.held === 0, change)
      const answer = operation()
      return { answer, happened: memory.settle() }
    },
  }
}

const name = (number: number): string => String(number).padStart(4, '0')

test('[LO29] whatever happens to a tree in the middle of an operation, it sees all of it or nothing', (t) => {
  const { one, other, between } = pair()
  const tree = BPlusTree.open(one)
  const theirs = BPlusTree.open(other)
  const random = new Random(12)
  const model = new Map<string, string>()
  const set = (by: BPlusTree, key: string): void => {
    const value = new Uint8Array(random.below(random.below(12) === 0 ? 5000 : 60)).fill(
      random.below(256),
    )
    by.set(key, value)
    model.set(hex(Buffer.from(key))!, hex(value)!)
  }
  const remove = (by: BPlusTree, key: string): boolean => {
    const wasThere = by.delete(key)
    if (wasThere !== model.delete(hex(Buffer.from(key))!)) throw new Error(`delete ${key}`)
    return wasThere
  }
  /** Enough at once to split and join nodes, and to use their pages for something else. */
  const storm = (near: number): void => {
    const many = 1 + random.below(random.below(3) === 0 ? 400 : 10)
    const isFilling = model.size < 500 || (model.size < 1500 && random.below(2) === 0)
    for (let i = 0; i < many; i++) {
      const key = name((near + i) % 2000)
      if (isFilling) set(theirs, key)
      else remove(theirs, key)
    }
    for (let i = 0; i < 3; i++) other.free(other.alloc(4096))
  }
  const next = (cursor: TreeCursor): string | null => {
    const entry = cursor.next()
    return entry && `${hex(entry[0])}=${hex(entry[1])}`
  }
  let happenedTimes = 0
  let wrong = 0
  for (let round = 0; round < 6000; round++) {
    const number = random.below(2000)
    const near = (number + 2000 - random.below(5)) % 2000
    const key = name(number)
    const coded = hex(Buffer.from(key))!
    const kind = random.below(4)
    if (kind === 0) {
      const before = model.get(coded)
      const { answer, happened } = between(
        random.below(40),
        () => storm(near),
        () => tree.get(key),
      )
      if (![before, model.get(coded)].includes(hex(answer))) wrong++
      if (happened) happenedTimes++
    } else if (kind === 1) {
      const reverse = random.below(2) === 0
      const cursor = tree.cursor(reverse ? { lte: key, reverse } : { gte: key })
      const first = next(cursor)
      const bound = first === null ? coded : first.split('=')[0]!
      const after = (): string | null => neighbour(model, bound, reverse, first === null)
      const before = after()
      const { answer, happened } = between(
        random.below(40),
        () => storm(near),
        () => next(cursor),
      )
      if (![before, after()].includes(answer)) wrong++
      if (happened) happenedTimes++
    } else if (kind === 2) {
      between(
        random.below(40),
        () => storm(near),
        () => set(tree, key),
      )
    } else {
      between(
        random.below(40),
        () => storm(near),
        () => tree.delete(key),
      )
      model.delete(coded)
    }
    if (tree.size !== model.size) break
  }

  t.is(wrong, 0)
  t.true(happenedTimes > 1000, `${happenedTimes} times`)
  t.deepEqual(contentsOf(tree), inOrder(model))
  for (const coded of model.keys()) tree.delete(Buffer.from(coded, 'hex'))
  t.is(one.stats().blocks, 2)
})

/** The entry next to a key, as a cursor shows it. */
function neighbour(
  model: ReadonlyMap<string, string>,
  bound: string,
  reverse: boolean,
  isInside: boolean,
): string | null {
  let best: string | null = null
  for (const key of model.keys()) {
    if (reverse ? key > bound : key < bound) continue
    if (key === bound && !isInside) continue
    if (best === null || (reverse ? key > best : key < best)) best = key
  }
  return best && `${best}=${model.get(best)}`
}

test('[LO29] whatever happens to a vector or log in the middle of reading, it is read as it was or is', (t) => {
  const { one, other, between } = pair()
  const random = new Random(5)
  const log = AppendLog.open(one, 1)
  const values = Vector.open(one, 2)
  const theirLog = AppendLog.open(other, 1)
  const theirValues = Vector.open(other, 2)
  const bytes = (): Uint8Array => new Uint8Array(random.below(200)).fill(random.below(256))
  const positions: number[] = []
  const change = (): void => {
    const isFilling = theirValues.length < 20 || (theirValues.length < 400 && random.below(2) === 0)
    for (let i = random.below(8); i >= 0; i--) {
      if (!isFilling) theirValues.pop()
      else if (theirValues.length > 3 && random.below(2) === 0)
        theirValues.set(random.below(theirValues.length), bytes())
      else theirValues.push(bytes())
      positions.push(theirLog.append(bytes()))
    }
    if (positions.length > 60) theirLog.trim(positions.splice(0, 30).length > 0 ? positions[0]! : 0)
  }
  change()
  let happenedTimes = 0
  let wrong = 0
  for (let round = 0; round < 6000; round++) {
    const index = random.below(theirValues.length + 1)
    const position = positions[random.below(positions.length)]!
    const look = [
      () => hex(values.get(index)),
      () => attempt(() => hex(log.read(position))),
      () => hex(log.entries().next().value?.bytes),
    ][random.below(3)]!
    const before = look()
    const { answer, happened } = between(random.below(12), change, look)
    if (answer !== before && answer !== look()) wrong++
    if (happened) happenedTimes++
  }

  t.is(wrong, 0)
  t.true(happenedTimes > 3000, `${happenedTimes} times`)
})
