/** A running hash of what happened, to tell two runs apart: two lanes of FNV-1a. It guards nothing against malice. */
export class RunHash {
  #a = 0x811c9dc5
  #b = 0x01000193

  add(value: number): void {
    this.#a = Math.imul(this.#a ^ (value & 0xff), 0x01000193)
    this.#b = Math.imul(this.#b ^ (value >>> 8), 0x01000193) ^ (this.#a >>> 15)
    this.#a ^= value >>> 16
  }

  addBytes(bytes: Uint8Array): void {
    this.add(bytes.length)
    for (const byte of bytes) this.add(byte)
  }

  /** Sixteen hexadecimal digits. */
  text(): string {
    const lane = (n: number): string => (n >>> 0).toString(16).padStart(8, '0')
    return lane(this.#a) + lane(this.#b)
  }
}
