/**
 * A hash map in container memory: text or byte keys, byte values, for several loci at once.
 *
 * All of it lies in a heap; what is in JavaScript is a way to it. Each operation holds one of 64 locks, by the key's hash;
 * growing moves one bucket at a time. A refusal (`LocusError`) changes nothing. An access that fails in the middle of a
 * change leaves the lock held, so that the locus ends and its container goes back.
 */
import { LocusError } from '../locus-error.js'
import { appendEntry, cutEntry, entryBytes, findEntry, roomFor, valueAt } from './chunk.js'
import type { Heap } from './heap.js'
import { bucketAt, hashAt } from './map-cursor.js'
import { MapDirectory } from './map-directory.js'
import { splitBucket } from './map-growth.js'
import type { MapKey } from './key-bytes.js'
import { KeyWords } from './map-key.js'
import {
  bucketBytes,
  bucketOf,
  chunkHead,
  entryHead,
  keyShift,
  mapBytes,
  mapHeader,
  mapMagic,
  mapStripe,
  mapVersion,
  padded,
  stripeCount,
  valueMask,
} from './map-layout.js'
import type { WordMemory } from './memory.js'
import { Mutex } from './mutex.js'
import { requireValue } from './value-bytes.js'

export type MapEntry = readonly [key: Uint8Array, value: Uint8Array]
const mostOrdered = 2 ** 22

/** Where an operation stands: the slot word of the key's bucket, its chunk (0 none), the entry (0 none). */
interface Place {
  readonly stripe: number
  readonly slot: number
  readonly chunk: number
  readonly at: number
}

export class SharedMap {
  readonly heap: Heap
  /** Offset of the map in the heap's window. */
  readonly at: number
  readonly #memory: WordMemory
  readonly #directory: MapDirectory
  readonly #growLock: Mutex
  readonly #locks: Mutex[] = []
  readonly #key = new KeyWords()
  #busy = false
  #added = false

  private constructor(heap: Heap, at: number) {
    this.heap = heap
    this.at = at
    this.#memory = heap.memory
    this.#directory = new MapDirectory(heap, at)
    this.#growLock = this.#mutex(at + mapHeader.at.growLock * 4)
    for (let i = 0; i < stripeCount; i++) this.#locks.push(this.#mutex(this.#stripe(i, 'lock')))
  }

  /** Opens the map at root `root` of the heap, or makes it there. `bad_argument`: something else is there. */
  static open(heap: Heap, root = 0): SharedMap {
    const at = heap.rootOr(root, () => makeMap(heap))
    const { memory } = heap
    if (memory.getInt32(at + mapHeader.at.magic * 4) !== mapMagic)
      throw new LocusError('bad_argument', `root ${root} of the heap does not lead to a map`)
    if (memory.getInt32(at + mapHeader.at.version * 4) !== mapVersion)
      throw new LocusError('world_version', `the map at root ${root} has another layout`)
    return new SharedMap(heap, at)
  }

  /** Entries in the map; while others change it, of about now. */
  get size(): number {
    let size = 0
    for (let i = 0; i < stripeCount; i++) size += this.#memory.getInt32(this.#stripe(i, 'entries'))
    return size
  }

  /** How many buckets it has grown to. */
  get buckets(): number {
    return this.#memory.getInt32(this.at + mapHeader.at.buckets * 4)
  }

  /** A copy of the key's value, or undefined. */
  get(key: MapKey): Uint8Array | undefined {
    return this.#operate(key, (place) => (place.at === 0 ? undefined : this.#valueOf(place.at)))
  }

  has(key: MapKey): boolean {
    return this.#operate(key, (place) => place.at !== 0)
  }

  /** Sets the key's value (at most 1 MiB less one byte). `no_resource`: the heap is full. */
  set(key: MapKey, value: Uint8Array): void {
    requireValue(value)
    this.#operate(key, (place) => this.#put(place, value))
  }

  /** Takes the key out; answers whether it was there. */
  delete(key: MapKey): boolean {
    return this.#operate(key, (place) => this.#remove(place))
  }

  /**
   * Replaces the key's value by what `change` makes of it, in one step for all loci: undefined for no entry, before and after.
   * `change` must not use the map or come to a safepoint (`lock_held`); what it throws is passed on and nothing changes.
   */
  update(key: MapKey, change: (value: Uint8Array | undefined) => Uint8Array | undefined): void {
    let thrown: { readonly error: unknown } | null = null
    this.#operate(key, (place) => {
      let after: Uint8Array | undefined
      try {
        after = change(place.at === 0 ? undefined : this.#valueOf(place.at))
        if (after !== undefined) requireValue(after)
      } catch (error) {
        thrown = { error }
        return
      }
      if (after === undefined) this.#remove(place)
      else this.#put(place, after)
    })
    const failure = thrown as { readonly error: unknown } | null
    if (failure !== null) throw failure.error
  }

  /**
   * Counts: takes the value as 32-bit words (zeros when there is none) and adds to each. `bad_argument`: the key has a value of
   * another length.
   */
  addWords(key: MapKey, deltas: readonly number[]): void {
    const memory = this.#memory
    this.#operate(key, (place) => {
      let at = place.at
      if (at === 0) at = this.#append(place, deltas.length * 4)
      else if ((memory.getInt32(at + 4) & valueMask) !== deltas.length * 4)
        throw new LocusError('bad_argument', `the key’s value is not of ${deltas.length} words`)
      const value = valueAt(memory, at)
      for (let i = 0; i < deltas.length; i++) {
        const word = value + i * 4
        memory.setInt32(word, place.at === 0 ? deltas[i]! : memory.getInt32(word) + deltas[i]!)
      }
    })
  }

  /** The key's value as 32-bit words, or undefined. */
  getWords(key: MapKey): number[] | undefined {
    const memory = this.#memory
    return this.#operate(key, ({ at }) => {
      if (at === 0) return undefined
      const value = valueAt(memory, at)
      const words: number[] = []
      for (let i = 0; i + 4 <= (memory.getInt32(at + 4) & valueMask); i += 4)
        words.push(memory.getInt32(value + i))
      return words
    })
  }

  /**
   * The keys in the order in which their entries lie in memory. Many operations in this order touch each page once; in any
   * other, a map larger than its frames faults at nearly every key. At most 2^22 keys.
   */
  inPlaceOrder<K extends MapKey>(keys: readonly K[]): K[] {
    if (keys.length > mostOrdered)
      throw new LocusError('too_large', `at most ${mostOrdered} keys are ordered at once`)
    const { buckets } = this
    const order = Float64Array.from(keys, (key, i) => {
      this.#key.take(key)
      const slot = this.#directory.slot(bucketOf(this.#key.hash, buckets))
      return this.#memory.getInt32(slot) * mostOrdered + i
    })
    return Array.from(order.sort(), (place) => keys[place % mostOrdered]!)
  }

  /**
   * Visits copies of the entries at the cursor (0 to begin with), without holding a lock, and answers the next cursor, null at
   * the end. An entry that is there all the time is visited exactly once, whatever else changes.
   */
  scan(cursor: number, visit: (key: Uint8Array, value: Uint8Array) => void): number | null {
    const found: MapEntry[] = []
    const next = this.#locks[hashAt(cursor) & (stripeCount - 1)]!.change(() => {
      const { bucket, next: behind } = bucketAt(cursor, this.buckets)
      this.#copyEntries(this.#memory.getInt32(this.#directory.slot(bucket)), found)
      return behind
    })
    for (const [key, value] of found) visit(key, value)
    return next
  }

  /** All entries, as `scan` gives them. */
  *entries(): Generator<MapEntry, void, undefined> {
    for (let cursor: number | null = 0; cursor !== null;) {
      const found: MapEntry[] = []
      cursor = this.scan(cursor, (key, value) => found.push([key, value]))
      yield* found
    }
  }

  #operate<T>(key: MapKey, body: (place: Place) => T): T {
    if (this.#busy)
      throw new LocusError('lock_held', 'the function given to update must not use the map')
    this.#key.take(key)
    const stripe = this.#key.hash & (stripeCount - 1)
    this.#busy = true
    let result: T
    try {
      result = this.#locks[stripe]!.change(() => {
        const slot = this.#directory.slot(bucketOf(this.#key.hash, this.buckets))
        const chunk = this.#memory.getInt32(slot)
        return body({ stripe, slot, chunk, at: findEntry(this.#memory, chunk, this.#key) })
      })
    } finally {
      this.#busy = false
    }
    if (this.#added) {
      this.#added = false
      // One stripe stands for all: hashes spread evenly, and no other lock has to be looked at.
      const bytes = this.#memory.getInt32(this.#stripe(stripe, 'bytes'))
      if (bytes * stripeCount > this.buckets * bucketBytes) this.#grow()
    }
    return result
  }

  #put(place: Place, value: Uint8Array): void {
    const memory = this.#memory
    const before = place.at === 0 ? -1 : padded(memory.getInt32(place.at + 4) & valueMask)
    let at = place.at
    if (before === padded(value.length))
      memory.setInt32(at + 4, (this.#key.length << keyShift) | value.length)
    else at = this.#append(place, value.length)
    if (value.length > 0) memory.setBytes(valueAt(memory, at), value)
  }

  /** A new entry for the key in place of the one there, if any; room is had before anything changes. */
  #append(place: Place, valueLength: number): number {
    const memory = this.#memory
    const size = entryHead + padded(this.#key.length) + padded(valueLength)
    const gone = place.at === 0 ? 0 : entryBytes(memory.getInt32(place.at + 4))
    const chunk = roomFor(this.heap, place.chunk, size, place.at)
    if (chunk !== place.chunk) memory.setInt32(place.slot, chunk)
    this.#count(place.stripe, place.at === 0 ? 1 : 0, size - gone)
    return appendEntry(memory, chunk, this.#key, valueLength)
  }

  #remove(place: Place): boolean {
    if (place.at === 0) return false
    const memory = this.#memory
    this.#count(place.stripe, -1, -entryBytes(memory.getInt32(place.at + 4)))
    cutEntry(memory, place.chunk, place.at)
    if (memory.getInt32(place.chunk) === chunkHead) {
      memory.setInt32(place.slot, 0)
      this.heap.free(place.chunk)
    }
    return true
  }

  #grow(): void {
    if (!this.#growLock.tryLock()) return
    try {
      const added = this.buckets
      this.#directory.ensure(added)
      this.#locks[added & (stripeCount - 1)]!.change(() => {
        splitBucket(this.heap, this.#directory, bucketOf(added, added), added)
        // Published under the stripe's lock: who holds that lock sees bucket and contents, others are not concerned.
        this.#memory.atomicStore(this.at + mapHeader.at.buckets * 4, added + 1)
      })
    } catch (error) {
      if (!(error instanceof LocusError) || error.status !== 'no_resource') throw error
    }
    this.#growLock.unlock()
  }

  #copyEntries(chunk: number, found: MapEntry[]): void {
    if (chunk === 0) return
    const memory = this.#memory
    const end = chunk + memory.getInt32(chunk)
    for (let at = chunk + chunkHead; at < end;) {
      const lengths = memory.getInt32(at + 4)
      found.push([memory.getBytes(at + entryHead, lengths >>> keyShift), this.#valueOf(at)])
      at += entryBytes(lengths)
    }
  }

  #valueOf(at: number): Uint8Array {
    const memory = this.#memory
    return memory.getBytes(valueAt(memory, at), memory.getInt32(at + 4) & valueMask)
  }

  #count(stripe: number, entries: number, bytes: number): void {
    if (bytes > 0) this.#added = true
    const memory = this.#memory
    const counter = this.#stripe(stripe, 'entries')
    memory.setInt32(counter, memory.getInt32(counter) + entries)
    const sum = this.#stripe(stripe, 'bytes')
    memory.setInt32(sum, memory.getInt32(sum) + bytes)
  }

  #stripe(index: number, field: keyof typeof mapStripe.at): number {
    return this.at + mapHeader.bytes + index * mapStripe.bytes + mapStripe.at[field] * 4
  }

  #mutex(offset: number): Mutex {
    return new Mutex(this.heap.holder, this.#memory, offset)
  }
}

function makeMap(heap: Heap): number {
  const at = heap.alloc(mapBytes)
  const { memory } = heap
  for (let word = 0; word < mapBytes; word += 4) memory.setInt32(at + word, 0)
  const directory = new MapDirectory(heap, at)
  try {
    directory.ensure(0)
  } catch (error) {
    if (error instanceof LocusError) heap.free(at)
    throw error
  }
  for (let bucket = 0; bucket < stripeCount; bucket++) memory.setInt32(directory.slot(bucket), 0)
  memory.setInt32(at + mapHeader.at.version * 4, mapVersion)
  memory.setInt32(at + mapHeader.at.buckets * 4, stripeCount)
  memory.setInt32(at + mapHeader.at.magic * 4, mapMagic)
  return at
}
