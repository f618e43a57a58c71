/**
 * Lists of file numbers, one for each of a growing number of entries, in flat arrays of this thread's heap.
 *
 * A list is a chain from its newest number back. It is private, and lost with the process.
 */
const none = -1

export class FileLists {
  /** The newest place of each list. */
  #newest = new Int32Array(1 << 13)
  #lengths = new Uint32Array(1 << 13)
  #numbers = new Uint32Array(1 << 14)
  #older = new Int32Array(1 << 14)
  #places = 0

  /** Begins the list of `entry` with one number; entries begin in order. */
  begin(entry: number, number: number): void {
    if (entry === this.#newest.length) {
      this.#newest = doubled(this.#newest)
      this.#lengths = doubled(this.#lengths)
    }
    this.#newest[entry] = none
    this.#lengths[entry] = 0
    this.add(entry, number)
  }

  /** Adds a number to the list of `entry`, unless it is the newest there. */
  add(entry: number, number: number): void {
    const newest = this.#newest[entry]!
    if (newest !== none && this.#numbers[newest] === number) return
    if (this.#places === this.#numbers.length) {
      this.#numbers = doubled(this.#numbers)
      this.#older = doubled(this.#older)
    }
    const place = this.#places++
    this.#numbers[place] = number
    this.#older[place] = newest
    this.#newest[entry] = place
    this.#lengths[entry]!++
  }

  lengthOf(entry: number): number {
    return this.#lengths[entry]!
  }

  /** Calls `visit` with each number of the list of `entry`, the newest first, and its index from the oldest. */
  visit(entry: number, visit: (number: number, index: number) => void): void {
    let index = this.#lengths[entry]!
    for (let place = this.#newest[entry]!; place !== none; place = this.#older[place]!)
      visit(this.#numbers[place]!, --index)
  }
}

interface Flat {
  readonly length: number
  set(other: ArrayLike<number>): void
}

/** The same numbers in an array twice as long. */
export function doubled<T extends Flat & ArrayLike<number>>(array: T): T {
  const longer = new (array.constructor as new (length: number) => T)(array.length * 2)
  longer.set(array)
  return longer
}
