/**
 * The 32 registers of a locus: all of it, besides its container, that a program finds again after a rollback or a kill.
 * They are saved as they stand when the locus rests. Those of a nested invocation are its own and are not saved.
 */
import { registerCount, type LocusSlot } from '@katydid/abi'
import type { Region } from '@katydid/actor'
import { LocusError } from './locus-error.js'

export class Registers {
  readonly #f64: Float64Array
  readonly #i64: BigInt64Array
  readonly #first: number

  private constructor(f64: Float64Array, i64: BigInt64Array, first: number) {
    this.#f64 = f64
    this.#i64 = i64
    this.#first = first
  }

  /** Those of the outermost invocation: words of the locus's shared record. */
  static ofLocus(region: Region, locus: LocusSlot): Registers {
    return new Registers(region.f64, region.i64, region.locusWord(locus, 'registers') >> 1)
  }

  /** Those of a nested invocation: zeros, gone when it returns. */
  static ofInvocation(): Registers {
    const i64 = new BigInt64Array(registerCount)
    return new Registers(new Float64Array(i64.buffer), i64, 0)
  }

  /** The register as a number; 0 before it was ever set. Exact for whole numbers up to 2^53. */
  getNumber(index: number): number {
    return this.#f64[this.#place(index)]!
  }

  setNumber(index: number, value: number): void {
    this.#f64[this.#place(index)] = value
  }

  /** The register as a signed 64-bit integer. */
  getBigInt(index: number): bigint {
    return this.#i64[this.#place(index)]!
  }

  setBigInt(index: number, value: bigint): void {
    this.#i64[this.#place(index)] = value
  }

  /** All of them, as they are now. */
  copy(): BigInt64Array {
    return this.#i64.slice(this.#first, this.#first + registerCount)
  }

  /** Puts back what `copy` answered. */
  restore(values: BigInt64Array): void {
    this.#i64.set(values, this.#first)
  }

  #place(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < registerCount) return this.#first + index
    throw new LocusError(
      'bad_argument',
      `a locus has registers 0 to ${registerCount - 1}, not ${index}`,
    )
  }
}
