/** What tests of the standard structures share: a heap in plain memory, models, and memory that notes what is touched. */
import { AppendLog, BPlusTree, Heap, LocusError, Vector } from '@katydid/locus'
import { Random } from '@katydid/actor'
import { LoneHolder, PlainMemory } from './plain.js'

export const MiB = 1024 * 1024

export interface Place {
  readonly memory: PlainMemory
  readonly holder: LoneHolder
  readonly heap: Heap
}

export function heapOf(bytes = 4 * MiB, memory = new PlainMemory(bytes)): Place {
  const holder = new LoneHolder()
  return { memory, holder, heap: Heap.open(holder, memory) }
}

export const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('hex')

/** The status a refused call says, or what the call answered. */
export function attempt<T>(body: () => T): T | string {
  try {
    return body()
  } catch (error) {
    if (error instanceof LocusError) return error.status
    throw error
  }
}

/** Whether every byte is as it was. A comparison by the test's own means takes seconds for each MiB. */
export function isUnchanged(memory: PlainMemory, before: Uint8Array): boolean {
  return Buffer.compare(memory.copy(), before) === 0
}

/** Entries of a tree as text, in the order in which they come. */
export function contentsOf(tree: BPlusTree, range = {}): string[] {
  return Array.from(tree.entries(range), ([key, value]) => `${hex(key)}=${hex(value)}`)
}

/** A Map as a tree would show it: in the order of the keys' bytes. Its keys are hexadecimal. */
export function inOrder(model: ReadonlyMap<string, string>): string[] {
  // Hexadecimal digits are ordered as the bytes they stand for.
  return Array.from(model, ([key, value]) => `${key}=${value}`).sort((a, b) =>
    a.split('=')[0]! < b.split('=')[0]! ? -1 : 1,
  )
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}

/** Numbers below `count`, each once, in an order drawn from the seed. */
export function shuffled(count: number, seed: number): number[] {
  const random = new Random(seed)
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
  return order
}

/** One of each, at roots 0 to 3. */
export function allOf(heap: Heap): {
  tree: BPlusTree
  log: AppendLog
  records: Vector
  values: Vector
} {
  return {
    tree: BPlusTree.open(heap, 0),
    log: AppendLog.open(heap, 1),
    records: Vector.open(heap, 2, { recordBytes: 12 }),
    values: Vector.open(heap, 3),
  }
}

/** Memory that notes which of its pages are touched. */
export class WatchedMemory extends PlainMemory {
  readonly pages = new Set<number>()

  override getInt32(offset: number): number {
    this.pages.add(offset >>> 12)
    return super.getInt32(offset)
  }

  override setInt32(offset: number, word: number): void {
    this.pages.add(offset >>> 12)
    super.setInt32(offset, word)
  }

  override compareExchange(offset: number, expected: number, to: number): number {
    this.pages.add(offset >>> 12)
    return super.compareExchange(offset, expected, to)
  }

  override atomicLoad(offset: number): number {
    this.pages.add(offset >>> 12)
    return super.atomicLoad(offset)
  }

  override getBytes(offset: number, length: number): Uint8Array {
    for (let page = offset >>> 12; page <= (offset + Math.max(length, 1) - 1) >>> 12; page++)
      this.pages.add(page)
    return super.getBytes(offset, length)
  }
}
