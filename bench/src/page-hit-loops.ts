/**
 * The loops of `page-hit`: the same byte offsets in the same order, each contender in a function of its own, so that what
 * the engine learns of one does not slow another.
 */
import { entryBits, writeMask as writeBits } from '@katydid/abi'
import type { Window } from '@katydid/memory'

type Words = Int32Array<SharedArrayBuffer>

// Constants of this module: an import is loaded anew each time.
const { frameMask } = entryBits
const writeMask = writeBits
const miss = new Error('a page of the bench is not present')

export function readWindow(window: Window, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at += 4) sum = (sum + window.getInt32(at)) | 0
  return sum
}

export function readRaw(words: Words, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at += 4) sum = (sum + words[at >> 2]!) | 0
  return sum
}

/** Check of the entry and translation by hand, and nothing else: no generation, no bounds, no alignment. */
export function readBare(words: Words, table: number, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at += 4) {
    const entry = words[table + (at >>> 12)]!
    if (entry >= 0) throw miss
    sum = (sum + words[((entry & frameMask) | (at & 4095)) >>> 2]!) | 0
  }
  return sum
}

export function readMap(pages: ReadonlyMap<number, Words>, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at += 4) sum = (sum + pages.get(at >>> 12)![(at & 4095) >> 2]!) | 0
  return sum
}

export function readWindowF64(window: Window, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at += 8) sum += window.getFloat64(at)
  return sum
}

export function readRawF64(doubles: Float64Array<SharedArrayBuffer>, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at += 8) sum += doubles[at >> 3]!
  return sum
}

export function readWindowU8(window: Window, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at++) sum = (sum + window.getUint8(at)) | 0
  return sum
}

export function readRawU8(octets: Uint8Array<SharedArrayBuffer>, bytes: number): number {
  let sum = 0
  for (let at = 0; at < bytes; at++) sum = (sum + octets[at]!) | 0
  return sum
}

export function writeWindow(window: Window, bytes: number): void {
  for (let at = 0; at < bytes; at += 4) window.setInt32(at, at)
}

export function writeRaw(words: Words, bytes: number): void {
  for (let at = 0; at < bytes; at += 4) words[at >> 2] = at
}

export function writeBare(words: Words, table: number, pattern: number, bytes: number): void {
  for (let at = 0; at < bytes; at += 4) {
    const entry = words[table + (at >>> 12)]!
    if ((entry & writeMask) !== pattern) throw miss
    words[((entry & frameMask) | (at & 4095)) >>> 2] = at
  }
}

/** Offsets by a linear congruence modulo the size, a power of two: `count` reads. */
export function randomWindow(window: Window, bytes: number, count: number): number {
  const mask = bytes - 4
  let sum = 0
  for (let i = 0, x = 1; i < count; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0
    sum = (sum + window.getInt32((x >>> 4) & mask)) | 0
  }
  return sum
}

export function randomRaw(words: Words, bytes: number, count: number): number {
  const mask = bytes - 4
  let sum = 0
  for (let i = 0, x = 1; i < count; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0
    sum = (sum + words[((x >>> 4) & mask) >> 2]!) | 0
  }
  return sum
}

export function randomMap(pages: ReadonlyMap<number, Words>, bytes: number, count: number): number {
  const mask = bytes - 4
  let sum = 0
  for (let i = 0, x = 1; i < count; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0
    const at = (x >>> 4) & mask
    sum = (sum + pages.get(at >>> 12)![(at & 4095) >> 2]!) | 0
  }
  return sum
}

function sumOf(view: Uint8Array): number {
  const { length } = view
  let sum = 0
  for (let i = 0; i < length; i++) sum = (sum + view[i]!) | 0
  return sum
}

export function eachPageDirect(window: Window, bytes: number): number {
  let sum = 0
  window.eachPage(0, bytes, 'read', (view) => void (sum = (sum + sumOf(view)) | 0), 'direct')
  return sum
}

/** The same bytes of a plain array in one loop. */
export function eachByteRaw(octets: Uint8Array, bytes: number): number {
  let sum = 0
  for (let i = 0; i < bytes; i++) sum = (sum + octets[i]!) | 0
  return sum
}
