/** Words that were counted somewhere, each an entry: what is merged into an index. */
export interface WordCounts {
  /** Distinct words. */
  readonly length: number
  /** The bytes of an entry; a view that may not be kept. */
  wordOf(entry: number): Uint8Array
  countOf(entry: number): number
  /** In how many files the word stands. */
  filesOf(entry: number): number
  /** Calls `visit` with the number of each file in which the word stands, and its index. */
  visitFiles(entry: number, visit: (file: number, index: number) => void): void
}

/** The same entries in another order. */
export class Reordered implements WordCounts {
  readonly #words: WordCounts
  readonly #order: ArrayLike<number>

  constructor(words: WordCounts, order: ArrayLike<number>) {
    this.#words = words
    this.#order = order
  }

  get length(): number {
    return this.#order.length
  }

  wordOf(entry: number): Uint8Array {
    return this.#words.wordOf(this.#order[entry]!)
  }

  countOf(entry: number): number {
    return this.#words.countOf(this.#order[entry]!)
  }

  filesOf(entry: number): number {
    return this.#words.filesOf(this.#order[entry]!)
  }

  visitFiles(entry: number, visit: (file: number, index: number) => void): void {
    this.#words.visitFiles(this.#order[entry]!, visit)
  }
}
