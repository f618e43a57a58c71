/**
 * What a campaign finds wrong, by kind: sentences that differ in numbers and names alone are one kind. The first few of each kind are kept
 * word for word and the rest counted, so that a thousand of one do not hide one of another, and nobody has to stop early.
 */

/** Of each kind so many are kept word for word. */
const keptOfKind = 5

export class Findings {
  /** The first few of each kind, in the order in which they were found. */
  readonly wrong: string[] = []
  readonly #kinds = new Map<string, number>()

  /** Each kind with how often it was found. */
  get kinds(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#kinds)
  }

  /** Notes what was found wrong at a place. */
  add(place: string, what: string): void {
    const kind = kindOf(what)
    const count = (this.#kinds.get(kind) ?? 0) + 1
    this.#kinds.set(kind, count)
    if (count <= keptOfKind) this.wrong.push(`${place}: ${what}`)
  }
}

/** The first line, without what differs from one find to the next. */
function kindOf(what: string): string {
  const [first] = what.split('\n', 1)
  return first!.replaceAll(/-?\d+/g, 'N').replaceAll(/“[^”]*”/g, '“…”')
}
