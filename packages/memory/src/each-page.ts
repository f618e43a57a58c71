/**
 * `eachPage`: a range shown page by page as typed arrays, for the length of a call and no longer (M5).
 *
 * *checked* (default): the callback has a private copy; on return the bytes that differ from what was copied in are
 * written back, and the copy is detached, so a view that was kept throws. *direct*: real memory, for trusted code; the
 * locus acknowledges nothing while the callback runs, and the frame is marked so that it goes back to this container only.
 */
import { asFrame } from '@katydid/abi'
import { invariant } from '@katydid/actor'
import { AccessError } from './access-error.js'
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
  const { region, locus } = window.attachment
  window.requireRange(offset, length)
  if (mode === 'direct' && window.binding.private === true)
    throw new AccessError(
      'not_supported',
      'in a transaction pages are copies until it commits, so their real memory cannot be shown; use the checked mode',
    )
  const show = mode === 'direct' ? showDirect : showCopy
  if (locus === null) return eachRun(window, offset, length, access, visit, show)
  // A safepoint, invoke or wait inside is `view_held`: the locus's `pinned` word says so.
  const pinned = region.locusWord(locus, 'pinned')
  region.words.add(pinned, 1)
  try {
    eachRun(window, offset, length, access, visit, show)
  } finally {
    region.words.add(pinned, -1)
  }
}

type Show = typeof showCopy

/** Page by page, each made accessible only when its turn comes: no address is kept over a callback. */
function eachRun(
  window: WindowBase,
  offset: number,
  length: number,
  access: 'read' | 'write',
  visit: PageVisitor,
  show: Show,
): void {
  const { pageBytes } = window.attachment.region.plan.shape
  const end = offset + length
  for (let at = offset; at < end;) {
    const run = Math.min(end - at, pageBytes - (at & (pageBytes - 1)))
    invariant(run > 0, 'ME5: a range ends', { offset, length, at })
    show(window, window.address(at, access), run, at, access, visit)
    at += run
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
  // Pinned before anything else can acknowledge: the address was made accessible by this thread a moment ago.
  attachment.pin()
  try {
    markShown(attachment, address)
    visit(new Uint8Array(attachment.region.u8.buffer, address, run), at)
  } finally {
    attachment.unpin()
  }
}

/** Notes for whom the frame was shown. Stored once: nobody clears it before this thread has acknowledged that it went. */
function markShown({ region, container }: WindowBase['attachment'], address: number): void {
  const frame = asFrame(Math.floor(address / region.plan.shape.pageBytes))
  const shown = region.frameWord(frame, 'shown')
  if (region.i32[shown] !== container + 1) region.words.store(shown, container + 1)
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
  if (after.length !== before.length)
    throw new AccessError(
      'bad_argument',
      'the callback of eachPage gave its view away, so what it changed cannot be written back; copy from the view instead',
    )
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
