/**
 * `eachPage`: a range shown page by page as typed arrays, for the length of a call and no longer (M5).
 *
 * *checked* (default): the callback has a private copy; on return the bytes that differ from what was copied in are
 * written back, and the copy is detached, so a view that was kept throws. *direct*: real memory, for trusted code; the
 * locus acknowledges nothing while the callback runs, and the frame is marked so that it goes back to this container only.
 */
import { asFrame } from '@katydid/abi'
import { eachRun } from './byte-ranges.js'
import type { WindowBase } from './window-base.js'

export type PageMode = 'checked' | 'direct'
/** `view` is the page's part of the range, `at` its offset in the window. */
export type PageVisitor = (view: Uint8Array, at: number) => void

export function eachPage(
  window: WindowBase,
  offset: number,
  length: number,
  access: 'read' | 'write',
  visit: PageVisitor,
  mode: PageMode,
): void {
  const show = mode === 'direct' ? showDirect : showCopy
  eachRun(window, offset, length, access, (address, run, done) =>
    holding(window, () => show(window, address, run, offset + done, access, visit)),
  )
}

/** A safepoint, invoke or wait inside is `view_held`: the locus's `pinned` word says so. */
function holding(window: WindowBase, body: () => void): void {
  const { region, locus } = window.attachment
  if (locus === null) return body()
  const word = region.locusWord(locus, 'pinned')
  region.words.add(word, 1)
  try {
    body()
  } finally {
    region.words.add(word, -1)
  }
}

function showDirect(
  window: WindowBase,
  address: number,
  run: number,
  at: number,
  _access: 'read' | 'write',
  visit: PageVisitor,
): void {
  const { attachment } = window
  const { region } = attachment
  // Pinned before anything else can acknowledge: the address was made accessible by this thread a moment ago.
  attachment.pin()
  try {
    const frame = asFrame(Math.floor(address / region.plan.shape.pageBytes))
    region.words.store(region.frameWord(frame, 'shown'), attachment.container + 1)
    visit(region.u8.subarray(address, address + run), at)
  } finally {
    attachment.unpin()
  }
}

function showCopy(
  window: WindowBase,
  address: number,
  run: number,
  at: number,
  access: 'read' | 'write',
  visit: PageVisitor,
): void {
  const { u8 } = window.attachment.region
  const before = u8.slice(address, address + run)
  const copy = new Uint8Array(run)
  copy.set(before)
  try {
    visit(copy, at)
    if (access === 'write') writeBack(window, at, before, copy)
  } finally {
    // Detached by a transfer to nobody: a kept view has length 0 and its methods throw.
    structuredClone(copy.buffer, { transfer: [copy.buffer] })
  }
}

/** Writes the runs of bytes that differ, so that what other loci changed meanwhile elsewhere in the page stays. */
function writeBack(window: WindowBase, at: number, before: Uint8Array, after: Uint8Array): void {
  if (after.length !== before.length) return
  for (let i = 0; i < after.length;) {
    if (after[i] === before[i]) {
      i++
      continue
    }
    let end = i + 1
    while (end < after.length && after[end] !== before[end]) end++
    window.setBytes(at + i, after.subarray(i, end))
    i = end
  }
}
