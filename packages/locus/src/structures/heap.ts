/**
 * An allocator: blocks of a region of a window, for several loci at once.
 *
 * A block is 16-byte aligned, and one of up to 4096 bytes lies within one 4 KiB page. It keeps what it held before: it is
 * not cleared. An offset that is not the start of a live block is refused and nothing changes. Freed space joins its free
 * neighbours at once.
 */
import { LocusError } from '../locus-error.js'
import {
  blockBytesFor,
  classSizes,
  heapHeader,
  heapMagic,
  heapPageBytes,
  heapRoots,
  heapVersion,
  pageDescriptor,
  pageKinds,
  sizeClassOf,
} from './heap-layout.js'
import { HeapWords } from './heap-words.js'
import type { Holder, WordMemory } from './memory.js'
import { Mutex } from './mutex.js'
import { giveSpan, takeSpan } from './page-spans.js'
import { giveSlot, slotInUse, takeSlot } from './slot-runs.js'

export interface HeapStats {
  /** Live blocks, and their bytes rounded up to what each occupies. */
  readonly blocks: number
  readonly bytesInUse: number
  /** Bytes of pages that hold live blocks, and of all pages. */
  readonly pageBytesInUse: number
  readonly capacityBytes: number
}

export class Heap {
  readonly holder: Holder
  readonly memory: WordMemory
  readonly at: number
  readonly #words: HeapWords
  readonly #lock: Mutex
  readonly #blocks: number

  private constructor(holder: Holder, memory: WordMemory, at: number) {
    this.holder = holder
    this.memory = memory
    this.at = at
    this.#words = new HeapWords(memory, at)
    this.#lock = new Mutex(holder, memory, at + heapHeader.at.lock * 4)
    this.#blocks = at + this.#words.get('firstPage')
  }

  /**
   * Opens the heap in [at, at + length) of the window, or makes it when that memory is still zero. `bad_argument`: `at` is not a
   * multiple of 4096, the region is too small, or something else lies there; `world_version`: another layout.
   */
  static open(holder: Holder, memory: WordMemory, at = 0, length = memory.length - at): Heap {
    const words = new HeapWords(memory, at)
    const pages = pagesIn(length)
    if (at % heapPageBytes !== 0 || pages < 1 || at < 0 || at + length > memory.length)
      throw new LocusError(
        'bad_argument',
        `a heap needs a region of at least 12288 bytes that begins at a multiple of ${heapPageBytes}, not [${at}, ${at + length}) of ${memory.length}`,
      )
    if (words.get('magic') === 0)
      new Mutex(holder, memory, at).change(() => makeHeap(words, length, pages))
    if (words.get('magic') !== heapMagic)
      throw new LocusError('bad_argument', `offset ${at} holds something that is not a heap`)
    if (words.get('version') !== heapVersion)
      throw new LocusError('world_version', `the heap at offset ${at} has another layout`)
    if (words.getFloat('length') !== length)
      throw new LocusError(
        'bad_argument',
        `the heap at offset ${at} has ${words.getFloat('length')} bytes, not ${length}`,
      )
    return new Heap(holder, memory, at)
  }

  /** Offset of a new block of at least `bytes` bytes. `no_resource`: no free run is long enough; nothing changes. */
  alloc(bytes: number): number {
    if (!Number.isInteger(bytes) || bytes < 1)
      throw new LocusError('bad_argument', `a block has a whole number of bytes, not ${bytes}`)
    return this.#lock.change(() => this.#take(bytes))
  }

  /** Frees the block at `offset`. `bad_argument`: no live block starts there (freed twice?); nothing changes. */
  free(offset: number): void {
    this.#lock.change(() => {
      const block = this.#find(offset)
      if (block.slot < 0) giveSpan(this.#words, block.page, block.bytes / heapPageBytes)
      else giveSlot(this.#words, block.page, block.slot)
      this.#count(-1, -block.bytes)
    })
  }

  /** How many bytes the block at `offset` has. */
  sizeOf(offset: number): number {
    return this.#lock.change(() => this.#find(offset).bytes)
  }

  /** What a program put into root `index` (0 to 15), 0 at first: how it finds its things after a restart. */
  root(index: number): number {
    return this.#words.get('roots', requireRoot(index))
  }

  setRoot(index: number, offset: number): void {
    this.#words.set('roots', offset, requireRoot(index))
  }

  /** The root's offset; when it is 0, what `make` answers is put there first. Only one locus makes it. */
  rootOr(index: number, make: () => number): number {
    const known = this.root(index)
    if (known !== 0) return known
    const lock = new Mutex(this.holder, this.memory, this.at + heapHeader.at.rootLock * 4)
    return lock.change(() => {
      if (this.root(index) === 0) this.setRoot(index, make())
      return this.root(index)
    })
  }

  stats(): HeapStats {
    const words = this.#words
    return {
      blocks: words.get('blocks'),
      bytesInUse: words.getFloat('bytesInUse'),
      pageBytesInUse: words.get('pagesInUse') * heapPageBytes,
      capacityBytes: words.get('pages') * heapPageBytes,
    }
  }

  #take(bytes: number): number {
    const sizeClass = sizeClassOf(bytes)
    const size = blockBytesFor(bytes)
    let offset = -1
    if (sizeClass < 0) {
      const page = takeSpan(this.#words, size / heapPageBytes)
      if (page >= 0) {
        this.#words.setPage(page, 'kind', pageKinds.large)
        this.#words.setPage(page, 'count', size / heapPageBytes)
        offset = page * heapPageBytes
      }
    } else {
      const found = takeSlot(this.#words, sizeClass)
      if (found !== null) offset = found.page * heapPageBytes + found.slot * size
    }
    if (offset < 0) throw this.#full(bytes)
    this.#count(1, size)
    return this.#blocks + offset
  }

  #find(offset: number): { page: number; slot: number; bytes: number } {
    const words = this.#words
    const relative = offset - this.#blocks
    const page = Math.floor(relative / heapPageBytes)
    if (Number.isInteger(relative) && page >= 0 && page < words.get('top')) {
      const kind = words.page(page, 'kind')
      const within = relative - page * heapPageBytes
      if (kind === pageKinds.large && within === 0)
        return { page, slot: -1, bytes: words.page(page, 'count') * heapPageBytes }
      if (kind === pageKinds.run) {
        const slot = slotInUse(words, page, within)
        if (slot >= 0) return { page, slot, bytes: classSizes[words.page(page, 'sizeClass')]! }
      }
    }
    throw new LocusError(
      'bad_argument',
      `no live block starts at offset ${offset} of the heap at ${this.at}; was it freed twice?`,
    )
  }

  #count(blocks: number, bytes: number): void {
    this.#words.set('blocks', this.#words.get('blocks') + blocks)
    this.#words.setFloat('bytesInUse', this.#words.getFloat('bytesInUse') + bytes)
  }

  #full(bytes: number): LocusError {
    const { bytesInUse, capacityBytes } = this.stats()
    return new LocusError(
      'no_resource',
      `the heap at offset ${this.at} has no ${bytes} bytes in a row: ${bytesInUse} of ${capacityBytes} are in use; give it a larger region`,
    )
  }
}

/** How many pages fit behind header and descriptors. */
function pagesIn(length: number): number {
  let pages = Math.floor((length - heapPageBytes) / (heapPageBytes + pageDescriptor.bytes))
  while (pages > 0 && firstPageOf(pages) + pages * heapPageBytes > length) pages--
  return pages
}

function firstPageOf(pages: number): number {
  const descriptors = Math.ceil((pages * pageDescriptor.bytes) / heapPageBytes)
  return (1 + descriptors) * heapPageBytes
}

function makeHeap(words: HeapWords, length: number, pages: number): void {
  if (words.get('magic') !== 0) return
  for (let word = 2; word < heapHeader.bytes / 4; word++)
    words.memory.setInt32(words.at + word * 4, 0)
  words.set('version', heapVersion)
  words.setFloat('length', length)
  words.set('pages', pages)
  words.set('firstPage', firstPageOf(pages))
  // Last, and atomically: who sees the magic sees the rest.
  words.memory.atomicStore(words.at + heapHeader.at.magic * 4, heapMagic)
}

function requireRoot(index: number): number {
  if (Number.isInteger(index) && index >= 0 && index < heapRoots) return index
  throw new LocusError('bad_argument', `a heap has roots 0 to ${heapRoots - 1}, not ${index}`)
}
