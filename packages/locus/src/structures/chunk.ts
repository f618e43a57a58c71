/**
 * A chunk: the entries of one bucket in a row. Everything here runs under the bucket's lock.
 *
 * Positions are offsets in the window. What needs more room gets it before anything changes, so a full heap refuses
 * cleanly.
 */
import { blockBytesFor } from './heap-layout.js'
import type { Heap } from './heap.js'
import type { KeyWords } from './map-key.js'
import { chunkHead, entryHead, keyShift, padded, valueMask } from './map-layout.js'
import type { WordMemory } from './memory.js'

/** Words up to which copying one by one beats copying as bytes. */
const fewWords = 24

/** Position of the key's entry, or 0. */
export function findEntry(memory: WordMemory, chunk: number, key: KeyWords): number {
  if (chunk === 0) return 0
  const end = chunk + memory.getInt32(chunk)
  for (let at = chunk + chunkHead; at < end;) {
    const lengths = memory.getInt32(at + 4)
    if (memory.getInt32(at) === key.hash && lengths >>> keyShift === key.length) {
      if (sameKey(memory, at + entryHead, key)) return at
    }
    at += entryBytes(lengths)
  }
  return 0
}

/** Bytes of an entry whose length word is `lengths`. */
export function entryBytes(lengths: number): number {
  return entryHead + padded(lengths >>> keyShift) + padded(lengths & valueMask)
}

/** Where the value of the entry at `at` begins. */
export function valueAt(memory: WordMemory, at: number): number {
  return at + entryHead + padded(memory.getInt32(at + 4) >>> keyShift)
}

/**
 * Makes room of `size` bytes at the end of the bucket's chunk (0: none yet), less what `without` (an entry's position, or 0)
 * frees. Answers the chunk, which may be a new one, with the room not yet in use.
 */
export function roomFor(heap: Heap, chunk: number, size: number, without: number): number {
  const { memory } = heap
  if (chunk === 0) return newChunk(heap, size)
  const used = memory.getInt32(chunk)
  const gone = without === 0 ? 0 : entryBytes(memory.getInt32(without + 4))
  if (used - gone + size <= memory.getInt32(chunk + 4)) {
    if (without !== 0) cutEntry(memory, chunk, without)
    return chunk
  }
  const larger = newChunk(heap, used - chunkHead - gone + size)
  const before = without === 0 ? used : without - chunk
  copyWords(memory, chunk + chunkHead, larger + chunkHead, before - chunkHead)
  if (without !== 0) copyWords(memory, without + gone, larger + before, used - before - gone)
  memory.setInt32(larger, used - gone)
  heap.free(chunk)
  return larger
}

/** Takes the entry at `at` out of its chunk. */
export function cutEntry(memory: WordMemory, chunk: number, at: number): void {
  const used = memory.getInt32(chunk)
  const size = entryBytes(memory.getInt32(at + 4))
  copyWords(memory, at + size, at, chunk + used - at - size)
  memory.setInt32(chunk, used - size)
}

/** Appends an entry in the room there is and answers its position; the value's words are the caller's to write. */
export function appendEntry(
  memory: WordMemory,
  chunk: number,
  key: KeyWords,
  valueLength: number,
): number {
  const used = memory.getInt32(chunk)
  const at = chunk + used
  memory.setInt32(at, key.hash)
  memory.setInt32(at + 4, (key.length << keyShift) | valueLength)
  for (let i = 0; i < key.count; i++) memory.setInt32(at + entryHead + i * 4, key.words[i]!)
  memory.setInt32(chunk, used + entryHead + key.count * 4 + padded(valueLength))
  return at
}

/** A chunk with room for `bytes` bytes of entries and some growth. */
export function newChunk(heap: Heap, bytes: number): number {
  const wanted = chunkHead + bytes + (bytes >> 3)
  const chunk = heap.alloc(wanted)
  heap.memory.setInt32(chunk, chunkHead)
  heap.memory.setInt32(chunk + 4, blockBytesFor(wanted))
  return chunk
}

/** Copies whole words to a lower address, or to memory that does not overlap. */
export function copyWords(memory: WordMemory, from: number, to: number, bytes: number): void {
  if (bytes >> 2 > fewWords) {
    memory.setBytes(to, memory.getBytes(from, bytes))
    return
  }
  for (let at = 0; at < bytes; at += 4) memory.setInt32(to + at, memory.getInt32(from + at))
}

function sameKey(memory: WordMemory, at: number, key: KeyWords): boolean {
  for (let i = 0; i < key.count; i++) {
    if (memory.getInt32(at + i * 4) !== key.words[i]!) return false
  }
  return true
}
