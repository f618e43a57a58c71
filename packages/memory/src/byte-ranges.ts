/** Byte ranges of any alignment, page by page: copies in and out of a window. No view of real memory leaves. */
import { invariant } from '@katydid/actor'
import type { WindowBase } from './window-base.js'

/** Calls `visit` for each run of [offset, offset + length) that lies in one page, with the run's address made accessible. */
function eachRun(
  window: WindowBase,
  offset: number,
  length: number,
  access: 'read' | 'write',
  visit: (address: number, run: number, done: number) => void,
): void {
  window.requireRange(offset, length)
  const { pageBytes } = window.attachment.region.plan.shape
  for (let done = 0; done < length;) {
    const run = Math.min(length - done, pageBytes - ((offset + done) % pageBytes))
    invariant(run > 0, 'ME10: a range ends', { offset, length, done })
    visit(window.address(offset + done, access), run, done)
    done += run
  }
}

export function copyOut(window: WindowBase, offset: number, length: number): Uint8Array {
  const { u8 } = window.attachment.region
  window.requireRange(offset, length)
  const result = new Uint8Array(length)
  eachRun(window, offset, length, 'read', (address, run, done) =>
    result.set(u8.subarray(address, address + run), done),
  )
  return result
}

export function copyIn(window: WindowBase, offset: number, bytes: Uint8Array): void {
  const { u8 } = window.attachment.region
  eachRun(window, offset, bytes.length, 'write', (address, run, done) =>
    u8.set(bytes.subarray(done, done + run), address),
  )
}

export function fillRange(window: WindowBase, offset: number, length: number, byte: number): void {
  const { u8 } = window.attachment.region
  eachRun(window, offset, length, 'write', (address, run) => u8.fill(byte, address, address + run))
}
