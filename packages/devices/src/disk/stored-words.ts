/** Fields of a stored record by name, little-endian: the layout says where, nobody types an offset. */
import type { FieldLayout, Layout } from '@katydid/abi'

export class StoredWords<F extends Record<string, FieldLayout>> {
  readonly #at: Readonly<Record<keyof F, number>>
  readonly #view: DataView

  /** The record that begins at byte `at` of `bytes`. */
  constructor(of: Layout<F>, bytes: Uint8Array, at = 0) {
    this.#at = of.at
    this.#view = new DataView(bytes.buffer, bytes.byteOffset + at, of.bytes)
  }

  /** A field of one word, or word `nth` of a longer one. */
  word(field: keyof F, nth = 0): number {
    return this.#view.getUint32(4 * (this.#at[field] + nth), true)
  }

  setWord(field: keyof F, value: number, nth = 0): void {
    this.#view.setUint32(4 * (this.#at[field] + nth), value, true)
  }

  /** A field of two words that holds a float 64. */
  float(field: keyof F): number {
    return this.#view.getFloat64(4 * this.#at[field], true)
  }

  setFloat(field: keyof F, value: number): void {
    this.#view.setFloat64(4 * this.#at[field], value, true)
  }
}
