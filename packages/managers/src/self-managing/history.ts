/**
 * What is kept of a container's past: its retained snapshots, how many there shall be, and when the newest was taken. It
 * stands in one own page; what is here is the same in memory.
 *
 * It names maps and decides nothing. An entry that leaves is offered no more, and is free again when its map is taken apart.
 */
import {
  asInterval,
  historySlots,
  historyWords,
  retainedStates,
  retainedWords,
  type StateInterval,
} from '@katydid/abi'
import { invariant } from '@katydid/actor'
import type { Window } from '@katydid/memory'
import type { OwnAllocator } from './own-allocator.js'
import type { MapRoot } from './place.js'

/** The most snapshots of a container that can be retained: the rest of the slots is for those of kept lines, and those that leave. */
export const mostRetained = 100

/** How a container began: empty, or as another's snapshot, for writing or for reading only. */
export type Began = 'alone' | 'fork' | 'opened'
const beginnings: readonly Began[] = ['alone', 'fork', 'opened']

export interface Retained {
  readonly slot: number
  readonly interval: StateInterval
  /** Milliseconds since 1970; 0: unknown. */
  readonly takenMs: number
  readonly map: MapRoot
  leaving: boolean
  /** It belongs to a kept line. */
  kept: boolean
}

const words = historyWords.at
const entryWords = retainedWords.at

export class History {
  /** The own page it stands in. */
  readonly page: number
  readonly #window: Window
  readonly #base: number
  /** By rising interval, but for those that leave. */
  #entries: Retained[] = []
  #retain = 0
  #began: Began = 'alone'
  #takenMs = 0

  /** What stands in own page `page`. Throws `AccessError` when it cannot be read. */
  constructor(window: Window, pageBytes: number, page: number) {
    this.page = page
    this.#window = window
    this.#base = page * pageBytes
    this.#retain = window.getUint32(this.#base + words.retain * 4)
    this.#began = beginnings[window.getUint32(this.#base + words.began * 4)] ?? 'alone'
    this.#takenMs = window.getFloat64(this.#base + words.taken * 4)
    for (let slot = 0; slot < historySlots; slot++) {
      const at = this.#at(slot)
      const state = window.getUint32(at + entryWords.state * 4)
      if (state === retainedStates.free) continue
      this.#entries.push({
        slot,
        interval: asInterval(window.getFloat64(at + entryWords.interval * 4)),
        takenMs: window.getFloat64(at + entryWords.taken * 4),
        map: {
          page: window.getUint32(at + entryWords.mapRoot * 4),
          height: window.getUint32(at + entryWords.height * 4),
        },
        leaving: state === retainedStates.leaving,
        kept: state === retainedStates.kept,
      })
    }
    this.#entries.sort((a, b) => a.interval - b.interval)
  }

  /** An empty one, in an own page of its own. */
  static make(window: Window, pageBytes: number, pages: OwnAllocator): History {
    return new History(window, pageBytes, pages.take())
  }

  get entries(): readonly Retained[] {
    return this.#entries
  }

  /** Those that are offered, from old to new. */
  get retained(): readonly Retained[] {
    return this.#entries.filter(({ leaving }) => !leaving)
  }

  /** How many shall be retained; null: as many as the world says. */
  get retain(): number | null {
    return this.#retain === 0 ? null : this.#retain - 1
  }

  set retain(count: number | null) {
    this.#retain = count === null ? 0 : count + 1
    this.#window.setInt32(this.#base + words.retain * 4, this.#retain)
  }

  /** How its container began. */
  get began(): Began {
    return this.#began
  }

  set began(began: Began) {
    this.#began = began
    this.#window.setInt32(this.#base + words.began * 4, beginnings.indexOf(began))
  }

  /** When the snapshot was taken that the container's map shows. */
  get takenMs(): number {
    return this.#takenMs
  }

  set takenMs(takenMs: number) {
    this.#takenMs = takenMs
    this.#window.setFloat64(this.#base + words.taken * 4, takenMs)
  }

  /** The retained snapshot of that name. */
  find(interval: StateInterval): Retained | undefined {
    return this.#entries.find((each) => each.interval === interval && !each.leaving)
  }

  get hasRoom(): boolean {
    return this.#entries.length < historySlots
  }

  /** Retains a snapshot whose map is `map`, which is its own from now on. */
  add(interval: StateInterval, takenMs: number, map: MapRoot, kept = false): void {
    invariant(this.hasRoom, 'MG101: a snapshot is retained when there is a slot for it', {
      interval,
    })
    const used = new Set(this.#entries.map(({ slot }) => slot))
    let slot = 0
    while (used.has(slot)) slot++
    const at = this.#at(slot)
    this.#window.setInt32(at + entryWords.mapRoot * 4, map.page)
    this.#window.setInt32(at + entryWords.height * 4, map.height)
    this.#window.setFloat64(at + entryWords.interval * 4, interval)
    this.#window.setFloat64(at + entryWords.taken * 4, takenMs)
    this.#window.setInt32(at + entryWords.state * 4, retainedStates[kept ? 'kept' : 'retained'])
    this.#entries.push({ slot, interval, takenMs, map, leaving: false, kept })
    this.#entries.sort((a, b) => a.interval - b.interval)
  }

  /** Whether it belongs to a kept line from now on. */
  keep(entry: Retained, kept: boolean): void {
    invariant(!entry.leaving, 'MG90: what belongs to a kept line does not leave', {
      interval: entry.interval,
    })
    if (entry.kept === kept) return
    entry.kept = kept
    const state = retainedStates[kept ? 'kept' : 'retained']
    this.#window.setInt32(this.#at(entry.slot) + entryWords.state * 4, state)
  }

  /** It is offered no more; its map is to be taken apart. */
  leave(entry: Retained): void {
    invariant(this.#entries.includes(entry), 'MG101: what leaves was retained', {
      interval: entry.interval,
    })
    entry.leaving = true
    this.#window.setInt32(this.#at(entry.slot) + entryWords.state * 4, retainedStates.leaving)
  }

  /** Nothing names its map any more: the slot is free. */
  forget(entry: Retained): void {
    invariant(entry.leaving, 'MG101: a slot is free when its snapshot has left', {
      interval: entry.interval,
    })
    this.#window.setInt32(this.#at(entry.slot) + entryWords.state * 4, retainedStates.free)
    this.#entries = this.#entries.filter((each) => each !== entry)
  }

  #at(slot: number): number {
    return this.#base + historyWords.bytes + slot * retainedWords.bytes
  }
}
