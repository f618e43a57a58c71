/**
 * The messages of one peer whose parts are still coming in, in any order and more than once. Bounded: what is oldest is given up
 * when their bytes are more than the bound, or when a later message was delivered.
 */
interface Partial {
  readonly bytes: Uint8Array
  readonly parts: Map<number, number>
  have: number
}

export class Joining {
  readonly #mostBytes: number
  readonly #messages = new Map<number, Partial>()
  #held = 0
  /** Messages given up because there was no room for them. */
  givenUp = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** Bytes that the messages on their way will have. */
  get held(): number {
    return this.#held
  }

  /** Takes a part. Answers the whole message when this was the last, `malformed` when the parts do not fit together. */
  add(
    sequence: number,
    total: number,
    at: number,
    part: Uint8Array,
  ): Uint8Array | 'malformed' | null {
    const message = this.#messages.get(sequence) ?? this.#begin(sequence, total)
    if (message.bytes.length !== total) return this.#drop(sequence, message)
    if (message.parts.has(at)) return null
    message.parts.set(at, part.length)
    message.bytes.set(part, at)
    message.have += part.length
    if (message.have < total) return null
    const fits = fitTogether(message.parts, total)
    this.#forget(sequence, message)
    return fits ? message.bytes : 'malformed'
  }

  /** Everything up to this message is void. */
  voidUpTo(sequence: number): void {
    for (const [each, message] of this.#messages) if (each <= sequence) this.#forget(each, message)
  }

  clear(): void {
    this.#messages.clear()
    this.#held = 0
  }

  #begin(sequence: number, total: number): Partial {
    const message: Partial = { bytes: new Uint8Array(total), parts: new Map(), have: 0 }
    this.#messages.set(sequence, message)
    this.#held += total
    while (this.#held > this.#mostBytes && this.#messages.size > 1) {
      const oldest = Math.min(...this.#messages.keys())
      this.#forget(oldest, this.#messages.get(oldest)!)
      this.givenUp += 1
      // A part of what was oldest itself: it is joined outside the table and never completed.
      if (oldest === sequence) break
    }
    return message
  }

  #drop(sequence: number, message: Partial): 'malformed' {
    this.#forget(sequence, message)
    return 'malformed'
  }

  #forget(sequence: number, message: Partial): void {
    if (this.#messages.delete(sequence)) this.#held -= message.bytes.length
  }
}

function fitTogether(parts: ReadonlyMap<number, number>, total: number): boolean {
  let next = 0
  for (const [at, length] of [...parts].toSorted(([a], [b]) => a - b)) {
    if (at !== next) return false
    next += length
  }
  return next === total
}
