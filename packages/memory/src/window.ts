/**
 * A window: typed access to [base, base + length) of a container, by int32 byte offsets from its base.
 *
 * Every access loads its entry anew; no translation outlives it. An access outside is `out_of_window`, one that is not a
 * multiple of its size `misaligned`: never another address. What misses traps on this thread.
 */
import type { Attachment } from './attachment.js'
import { WindowBase } from './window-base.js'
import type { WindowBinding } from './window-binding.js'
import { mappedWindowClass } from './mapped-window-class.js'
import { windowClass } from './window-class.js'

export interface Window extends WindowBase {
  getInt8(offset: number): number
  getUint8(offset: number): number
  getInt16(offset: number): number
  getUint16(offset: number): number
  getInt32(offset: number): number
  getUint32(offset: number): number
  getBigInt64(offset: number): bigint
  getBigUint64(offset: number): bigint
  getFloat32(offset: number): number
  getFloat64(offset: number): number
  /** Stores the low 8 bits; likewise the other setters store as many bits as they name, signed or not. */
  setInt8(offset: number, value: number): void
  setInt16(offset: number, value: number): void
  setInt32(offset: number, value: number): void
  setBigInt64(offset: number, value: bigint): void
  setFloat32(offset: number, value: number): void
  setFloat64(offset: number, value: number): void
}

/**
 * `table` is the region byte address of the entry of the page at `base` (from `window_open`); base is page-aligned, length a
 * multiple of 8. `attachment` is to the container that supplies the pages; `binding` says how the window came to it, and may
 * be left out when that is the container the window is opened in.
 */
export type WindowConstructor = new (
  attachment: Attachment,
  base: number,
  length: number,
  table: number,
  binding?: WindowBinding,
) => Window

/** `new Window(…)` answers a window of the class made for the attachment's region, or for crossings of that. */
export const Window: WindowConstructor = openWindow as unknown as WindowConstructor
openWindow.prototype = WindowBase.prototype

function openWindow(
  attachment: Attachment,
  base: number,
  length: number,
  table: number,
  binding?: WindowBinding,
): Window {
  const { region, crossing } = attachment
  const made = crossing === null ? windowClass(region) : mappedWindowClass(region)
  return new made(attachment, base, length, table, binding)
}
