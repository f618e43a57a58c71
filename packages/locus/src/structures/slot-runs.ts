/** Small blocks: a page cut into equal slots, with a bit for each in its descriptor. A page without live slots goes back. */
import { classSizes, pageKinds, slotsOf } from './heap-layout.js'
import type { HeapWords } from './heap-words.js'
import { giveSpan, takeSpan } from './page-spans.js'

/** Takes a slot; answers page and slot, or null when no page can be had. Changes nothing then. */
export function takeSlot(
  words: HeapWords,
  sizeClass: number,
): { page: number; slot: number } | null {
  const link = words.get('classes', sizeClass)
  const page = link !== 0 ? link - 1 : startRun(words, sizeClass)
  if (page < 0) return null
  const slot = takeBit(words, page)
  const free = words.page(page, 'free') - 1
  words.setPage(page, 'free', free)
  if (free === 0) words.unlink('classes', sizeClass, page)
  return { page, slot }
}

/** Gives a slot back. The caller has checked that it is in use. */
export function giveSlot(words: HeapWords, page: number, slot: number): void {
  const sizeClass = words.page(page, 'sizeClass')
  const free = words.page(page, 'free') + 1
  if (free === slotsOf(sizeClass)) {
    // A run of one slot was full, so it is in no list.
    if (free > 1) words.unlink('classes', sizeClass, page)
    giveSpan(words, page, 1)
    return
  }
  words.setPage(page, 'bits', words.page(page, 'bits', slot >> 5) | (1 << (slot & 31)), slot >> 5)
  words.setPage(page, 'free', free)
  if (free === 1) words.push('classes', sizeClass, page)
}

/** The slot in use at `within` bytes into the page, or -1 when none starts there. */
export function slotInUse(words: HeapWords, page: number, within: number): number {
  const size = classSizes[words.page(page, 'sizeClass')]
  if (size === undefined || within % size !== 0) return -1
  const slot = within / size
  if (slot >= Math.floor(4096 / size)) return -1
  return (words.page(page, 'bits', slot >> 5) & (1 << (slot & 31))) === 0 ? slot : -1
}

function startRun(words: HeapWords, sizeClass: number): number {
  const page = takeSpan(words, 1)
  if (page < 0) return -1
  const slots = slotsOf(sizeClass)
  for (let word = 0; word < 8; word++) {
    const left = slots - word * 32
    words.setPage(page, 'bits', left >= 32 ? -1 : left <= 0 ? 0 : (1 << left) - 1, word)
  }
  words.setPage(page, 'kind', pageKinds.run)
  words.setPage(page, 'sizeClass', sizeClass)
  words.setPage(page, 'free', slots)
  words.push('classes', sizeClass, page)
  return page
}

function takeBit(words: HeapWords, page: number): number {
  for (let word = 0; ; word++) {
    const bits = words.page(page, 'bits', word)
    if (bits === 0) continue
    words.setPage(page, 'bits', bits & (bits - 1), word)
    return word * 32 + 31 - Math.clz32(bits & -bits)
  }
}
