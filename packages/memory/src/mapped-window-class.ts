/**
 * The typed accessors of windows on mapped regions: those of any window, behind a look at the window's own note of the page. The first
 * access to a page after a capture of its container or of the supplier goes the slow way, which notes it.
 */
import { maxWindowBytes, type Access } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import type { Attachment } from './attachment.js'
import type { WindowBinding } from './window-binding.js'
import { windowClass } from './window-class.js'
import type { Window, WindowConstructor } from './window.js'

// Constants of this module: the engine loads an imported one anew at each access.
/** A page that was read, and one that was stored to as well. */
const read = 1
const written = 2
const classes = new WeakMap<Region, WindowConstructor>()

/** The class of the windows on mapped regions on this thread. */
export function mappedWindowClass(region: Region): WindowConstructor {
  const known = classes.get(region)
  if (known !== undefined) return known
  const made = makeClass(region)
  classes.set(region, made)
  return made
}

function makeClass(region: Region): WindowConstructor {
  const { i32, u8, f64, i64 } = region
  const i8 = new Int8Array(i32.buffer)
  const i16 = new Int16Array(i32.buffer)
  const f32 = new Float32Array(i32.buffer)
  const { pageBytes } = region.plan.shape
  const shift = 31 - Math.clz32(pageBytes)
  invariant(1 << shift === pageBytes, 'ME4: a page is a power of two', { pageBytes })

  return class extends windowClass(region) implements Window {
    /** A byte a page: what was noted of it since the last capture. */
    declare protected readonly known: Uint8Array

    constructor(
      attachment: Attachment,
      base: number,
      length: number,
      table: number,
      binding?: WindowBinding,
    ) {
      super(attachment, base, length, table, binding)
      invariant(length <= maxWindowBytes, 'ME8: a window spans at most 2 GiB', { length })
      this.known = new Uint8Array(Math.ceil(length / pageBytes))
    }

    override forget(): void {
      this.known.fill(0)
    }

    override isNoted(offset: number, access: Access): boolean {
      return (this.known[offset >>> shift]! & (access === 'read' ? read : written)) !== 0
    }

    override note(offset: number, access: Access): void {
      invariant(offset >>> shift < this.known.length, 'ME8: what is noted lies in the window', {
        offset,
      })
      // Not noted when it had to wait: then there may have been a capture, and all is looked at again.
      if (this.attachment.note(this.origin + (offset & -pageBytes), access))
        this.known[offset >>> shift]! |= access === 'read' ? read : read | written
    }

    override getInt8(offset: number): number {
      if (this.known[offset >>> shift]! > 0) return super.getInt8(offset)
      return i8[this.missRead(offset, 1, false)]!
    }

    override getUint8(offset: number): number {
      if (this.known[offset >>> shift]! > 0) return super.getUint8(offset)
      return u8[this.missRead(offset, 1, false)]!
    }

    override getInt16(offset: number): number {
      if (this.known[offset >>> shift]! > 0) return super.getInt16(offset)
      return i16[this.missRead(offset, 2, false) >>> 1]!
    }

    override getInt32(offset: number): number {
      if (this.known[offset >>> shift]! > 0) return super.getInt32(offset)
      return i32[this.missRead(offset, 4, false) >>> 2]!
    }

    override getBigInt64(offset: number): bigint {
      if (this.known[offset >>> shift]! > 0) return super.getBigInt64(offset)
      return i64[this.missRead(offset, 8, false) >>> 3]!
    }

    override getFloat32(offset: number): number {
      if (this.known[offset >>> shift]! > 0) return super.getFloat32(offset)
      return f32[this.missRead(offset, 4, false) >>> 2]!
    }

    override getFloat64(offset: number): number {
      if (this.known[offset >>> shift]! > 0) return super.getFloat64(offset)
      return f64[this.missRead(offset, 8, false) >>> 3]!
    }

    override setInt8(offset: number, value: number): void {
      if (this.known[offset >>> shift]! < written) i8[this.missWrite(offset, 1, false)] = value
      else super.setInt8(offset, value)
    }

    override setInt16(offset: number, value: number): void {
      if (this.known[offset >>> shift]! < written)
        i16[this.missWrite(offset, 2, false) >>> 1] = value
      else super.setInt16(offset, value)
    }

    override setInt32(offset: number, value: number): void {
      if (this.known[offset >>> shift]! < written)
        i32[this.missWrite(offset, 4, false) >>> 2] = value
      else super.setInt32(offset, value)
    }

    override setBigInt64(offset: number, value: bigint): void {
      if (this.known[offset >>> shift]! < written)
        i64[this.missWrite(offset, 8, false) >>> 3] = value
      else super.setBigInt64(offset, value)
    }

    override setFloat32(offset: number, value: number): void {
      if (this.known[offset >>> shift]! < written)
        f32[this.missWrite(offset, 4, false) >>> 2] = value
      else super.setFloat32(offset, value)
    }

    override setFloat64(offset: number, value: number): void {
      if (this.known[offset >>> shift]! < written)
        f64[this.missWrite(offset, 8, false) >>> 3] = value
      else super.setFloat64(offset, value)
    }
  }
}
