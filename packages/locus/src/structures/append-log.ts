/**
 * A log: entries are appended at one end, read at their position, and trimmed from the other, by several loci at once.
 *
 * Positions only rise and are never used twice. An entry never changes. Reading takes no lock and changes nothing in
 * memory; no lock is held between two calls.
 */
import { LocusError } from '../locus-error.js'
import type { Heap } from './heap.js'
import { LogChunks } from './log-chunks.js'
import {
  chunkOf,
  logChunkBytes,
  logEntryBytes,
  logHead,
  logHeader,
  logKind,
  tagOf,
} from './log-layout.js'
import type { WordMemory } from './memory.js'
import { damaged, makeHead, openStructure } from './structure-head.js'
import { maxValueBytes, requireValue } from './value-bytes.js'
import { VersionedLock } from './versioned-lock.js'

/** No window is longer. */
const maxLogBytes = 2 ** 31

export interface LogEntry {
  readonly position: number
  /** Position of the entry behind. */
  readonly next: number
  readonly bytes: Uint8Array
}

export class AppendLog {
  readonly heap: Heap
  /** Offset of the log in the heap's window. */
  readonly at: number
  readonly #memory: WordMemory
  readonly #chunks: LogChunks
  readonly #lock: VersionedLock

  private constructor(heap: Heap, at: number) {
    this.heap = heap
    this.at = at
    this.#memory = heap.memory
    this.#chunks = new LogChunks(heap, at)
    this.#lock = new VersionedLock(
      heap.holder,
      heap.memory,
      this.#word('lock'),
      this.#word('version'),
    )
  }

  /**
   * Opens the log at root `root` of the heap, or makes it there. `bad_argument`: something else is there; `world_version`:
   * another layout; `damaged`: what its header says cannot be.
   */
  static open(heap: Heap, root = 0): AppendLog {
    const log = new AppendLog(
      heap,
      openStructure(heap, root, logKind, () => makeHead(heap, logKind)),
    )
    log.#lock.read(() => log.#bounds())
    return log
  }

  /** Position of the first entry kept; `next` when there is none. */
  get first(): number {
    return this.#lock.read(() => this.#bounds().first)
  }

  /** Position that the next entry will have. */
  get next(): number {
    return this.#lock.read(() => this.#bounds().next)
  }

  /** Appends an entry of at most 1 MiB less one byte and answers its position. `no_resource`: the heap is full; nothing changes. */
  append(bytes: Uint8Array): number {
    requireValue(bytes)
    return this.#lock.change(() => {
      const { first, next: position } = this.#bounds()
      const behind = position + logEntryBytes(bytes.length)
      this.#chunks.add(chunkOf(first), chunkOf(position), chunkOf(behind - 1))
      const at = this.#place(position)
      this.#memory.setInt32(at, bytes.length)
      this.#memory.setInt32(at + 4, tagOf(position, bytes.length))
      this.#eachPiece(position + logHead, bytes.length, (piece, from, length) =>
        this.#memory.setBytes(piece, bytes.subarray(from, from + length)),
      )
      this.#memory.setFloat64(this.#word('next'), behind)
      return position
    })
  }

  /** A copy of the entry at `position`. `bad_argument`: it was trimmed, is not there yet, or no entry begins there. */
  read(position: number): Uint8Array {
    return this.#lock.read(() => {
      this.#requireKept(position)
      return this.#entry(position).bytes
    })
  }

  /**
   * The entries from position `from` on (from the first when it is left out or was trimmed), to the end as it is when the
   * iteration comes there. Entries that are trimmed before their turn are passed over. `bad_argument`: no entry begins at `from`.
   */
  *entries(from = 0): Generator<LogEntry, void, undefined> {
    requirePosition(from)
    for (let position = from; ;) {
      const entry = this.#lock.read(() => {
        const { first, next } = this.#bounds()
        if (position > next) throw this.#notThere(position, next)
        const at = Math.max(position, first)
        return at === next ? null : this.#entry(at)
      })
      if (entry === null) return
      yield entry
      position = entry.next
    }
  }

  /**
   * Forgets the entries before `position` and frees what they took, to whole chunks of 16 KiB. `position` is that of an entry,
   * or `next` for all of them; an earlier one than `first` changes nothing. `bad_argument`: no entry begins there.
   */
  trim(position: number): void {
    requirePosition(position)
    this.#lock.change(() => {
      const { first, next } = this.#bounds()
      if (position <= first) return
      if (position > next) throw this.#notThere(position, next)
      if (position < next) this.#entryLength(position, next)
      const end = chunkOf(next - 1) + 1
      const kept = position === next ? end : chunkOf(position)
      this.#chunks.drop(chunkOf(first), kept - 1, kept, end)
      this.#memory.setFloat64(this.#word('first'), position)
    })
  }

  #entry(position: number): LogEntry {
    const length = this.#entryLength(position, this.#bounds().next)
    const bytes = new Uint8Array(length)
    this.#eachPiece(position + logHead, length, (piece, from, count) =>
      bytes.set(this.#memory.getBytes(piece, count), from),
    )
    return { position, next: position + logEntryBytes(length), bytes }
  }

  /** How long the entry at `position`, below `next`, is. */
  #entryLength(position: number, next: number): number {
    const at = this.#place(position)
    const length = this.#memory.getInt32(at)
    if (this.#memory.getInt32(at + 4) !== tagOf(position, length))
      throw new LocusError(
        'bad_argument',
        `no entry begins at position ${position}; positions are what append answered`,
      )
    if (length < 0 || length > maxValueBytes || position + logEntryBytes(length) > next)
      throw damaged(logKind, this.at, `the entry at ${position} cannot have ${length} bytes`)
    return length
  }

  /** Where `position`, which is in the log, lies in the window. */
  #place(position: number): number {
    const chunk = chunkOf(position)
    const block = this.#chunks.find(chunk)
    if (block === 0) throw damaged(logKind, this.at, `chunk ${chunk} is missing`)
    return block + (position - chunk * logChunkBytes)
  }

  /** Calls `visit` for each part of [position, position + length) that lies in one chunk. */
  #eachPiece(
    position: number,
    length: number,
    visit: (at: number, from: number, length: number) => void,
  ): void {
    for (let done = 0; done < length;) {
      const here = position + done
      const count = Math.min(length - done, logChunkBytes - (here % logChunkBytes))
      visit(this.#place(here), done, count)
      done += count
    }
  }

  #bounds(): { first: number; next: number } {
    const first = this.#memory.getFloat64(this.#word('first'))
    const next = this.#memory.getFloat64(this.#word('next'))
    if (!isPosition(first) || !isPosition(next) || first > next || next - first > maxLogBytes)
      throw damaged(logKind, this.at, `it cannot reach from ${first} to ${next}`)
    return { first, next }
  }

  #requireKept(position: number): void {
    requirePosition(position)
    const { first, next } = this.#bounds()
    if (position < first)
      throw new LocusError(
        'bad_argument',
        `position ${position} was trimmed; the log begins at ${first}`,
      )
    if (position >= next) throw this.#notThere(position, next)
  }

  #notThere(position: number, next: number): LocusError {
    return new LocusError(
      'bad_argument',
      `nothing was appended at position ${position} yet; the log ends at ${next}`,
    )
  }

  #word(field: keyof typeof logHeader.at): number {
    return this.at + logHeader.at[field] * 4
  }
}

function requirePosition(position: number): void {
  if (!isPosition(position))
    throw new LocusError(
      'bad_argument',
      `${position} is no position; positions are what append answered`,
    )
}

function isPosition(position: number): boolean {
  return Number.isSafeInteger(position) && position >= 0 && position % 8 === 0
}
