/**
 * The typed accessors, made once a region and thread: the region's arrays and page size are then constants of the code.
 *
 * Every accessor has one shape, and each part of it is measured (docs/performance.md). One condition asks everything: is the
 * offset an int32 (`offset | 0`), aligned and inside (rotating the low bits to the top makes a misaligned offset too
 * large), is the generation current; only then the entry is loaded, and only then data. What is not a plain hit goes to one call
 * at the end, which does it all again slowly. No accessor shares a helper on the hit path: a helper costs up to a third.
 */
import { entryBits, writeMask as writeBits } from '@katydid/abi'
import { invariant, type Region } from '@katydid/actor'
import { WindowBase } from './window-base.js'
import type { Window, WindowConstructor } from './window.js'

// Constants of this module: the engine loads an imported one anew at each access.
const frameMask = entryBits.frameMask
const writeMask = writeBits
const classes = new WeakMap<Region, WindowConstructor>()

/** The class of the windows of a region on this thread. */
export function windowClass(region: Region): WindowConstructor {
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
  const within = pageBytes - 1
  invariant(1 << shift === pageBytes, 'ME4: a page is a power of two', { pageBytes })

  return class extends WindowBase implements Window {
    getInt8(offset: number): number {
      if (
        offset === (offset | 0) &&
        offset >>> 0 <= this.last >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if (entry < 0) return i8[(entry & frameMask) | (offset & within)]!
      }
      return i8[this.missRead(offset, 1, false)]!
    }

    getUint8(offset: number): number {
      if (
        offset === (offset | 0) &&
        offset >>> 0 <= this.last >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if (entry < 0) return u8[(entry & frameMask) | (offset & within)]!
      }
      return u8[this.missRead(offset, 1, false)]!
    }

    getInt16(offset: number): number {
      if (
        offset === (offset | 0) &&
        ((offset >>> 1) | (offset << 31)) >>> 0 <= this.last2 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if (entry < 0) return i16[((entry & frameMask) | (offset & within)) >>> 1]!
      }
      return i16[this.missRead(offset, 2, false) >>> 1]!
    }

    getUint16(offset: number): number {
      return this.getInt16(offset) & 0xffff
    }

    getInt32(offset: number): number {
      if (
        offset === (offset | 0) &&
        ((offset >>> 2) | (offset << 30)) >>> 0 <= this.last4 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if (entry < 0) return i32[((entry & frameMask) | (offset & within)) >>> 2]!
      }
      return i32[this.missRead(offset, 4, false) >>> 2]!
    }

    getUint32(offset: number): number {
      return this.getInt32(offset) >>> 0
    }

    getBigInt64(offset: number): bigint {
      if (
        offset === (offset | 0) &&
        ((offset >>> 3) | (offset << 29)) >>> 0 <= this.last8 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if (entry < 0) return i64[((entry & frameMask) | (offset & within)) >>> 3]!
      }
      return i64[this.missRead(offset, 8, false) >>> 3]!
    }

    getBigUint64(offset: number): bigint {
      return BigInt.asUintN(64, this.getBigInt64(offset))
    }

    getFloat32(offset: number): number {
      if (
        offset === (offset | 0) &&
        ((offset >>> 2) | (offset << 30)) >>> 0 <= this.last4 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if (entry < 0) return f32[((entry & frameMask) | (offset & within)) >>> 2]!
      }
      return f32[this.missRead(offset, 4, false) >>> 2]!
    }

    getFloat64(offset: number): number {
      if (
        offset === (offset | 0) &&
        ((offset >>> 3) | (offset << 29)) >>> 0 <= this.last8 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if (entry < 0) return f64[((entry & frameMask) | (offset & within)) >>> 3]!
      }
      return f64[this.missRead(offset, 8, false) >>> 3]!
    }

    setInt8(offset: number, value: number): void {
      if (
        offset === (offset | 0) &&
        offset >>> 0 <= this.last >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if ((entry & writeMask) === this.pattern) {
          i8[(entry & frameMask) | (offset & within)] = value
          return
        }
      }
      i8[this.missWrite(offset, 1, false)] = value
    }

    setInt16(offset: number, value: number): void {
      if (
        offset === (offset | 0) &&
        ((offset >>> 1) | (offset << 31)) >>> 0 <= this.last2 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if ((entry & writeMask) === this.pattern) {
          i16[((entry & frameMask) | (offset & within)) >>> 1] = value
          return
        }
      }
      i16[this.missWrite(offset, 2, false) >>> 1] = value
    }

    setInt32(offset: number, value: number): void {
      if (
        offset === (offset | 0) &&
        ((offset >>> 2) | (offset << 30)) >>> 0 <= this.last4 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if ((entry & writeMask) === this.pattern) {
          i32[((entry & frameMask) | (offset & within)) >>> 2] = value
          return
        }
      }
      i32[this.missWrite(offset, 4, false) >>> 2] = value
    }

    setBigInt64(offset: number, value: bigint): void {
      if (
        offset === (offset | 0) &&
        ((offset >>> 3) | (offset << 29)) >>> 0 <= this.last8 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if ((entry & writeMask) === this.pattern) {
          i64[((entry & frameMask) | (offset & within)) >>> 3] = value
          return
        }
      }
      i64[this.missWrite(offset, 8, false) >>> 3] = value
    }

    setFloat32(offset: number, value: number): void {
      if (
        offset === (offset | 0) &&
        ((offset >>> 2) | (offset << 30)) >>> 0 <= this.last4 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if ((entry & writeMask) === this.pattern) {
          f32[((entry & frameMask) | (offset & within)) >>> 2] = value
          return
        }
      }
      f32[this.missWrite(offset, 4, false) >>> 2] = value
    }

    setFloat64(offset: number, value: number): void {
      if (
        offset === (offset | 0) &&
        ((offset >>> 3) | (offset << 29)) >>> 0 <= this.last8 >>> 0 &&
        i32[this.gen] === this.generation
      ) {
        const entry = i32[this.table + (offset >>> shift)]!
        if ((entry & writeMask) === this.pattern) {
          f64[((entry & frameMask) | (offset & within)) >>> 3] = value
          return
        }
      }
      f64[this.missWrite(offset, 8, false) >>> 3] = value
    }
  }
}
