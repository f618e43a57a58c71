/**
 * What transactions should have done, kept beside a world by those who carry them out. It knows nothing of locks or pages: every
 * transaction reads a word before it writes it and writes a value that no other writes, so which of them there were, and in
 * which order, stands in what they read and in what is left.
 */
export interface Entry {
  /** The value that it writes. */
  readonly id: number
  readonly locus: string
  /** Word → what it held when it was first read. */
  readonly reads: Map<number, number>
  readonly writes: Set<number>
  state: 'open' | 'ended' | 'committed' | 'gone'
  acknowledged: boolean
}

export class Ledger {
  readonly entries: Entry[] = []
  readonly problems: string[] = []
  /** How transactions ended that did not commit. */
  readonly ends = new Map<string, number>()
  #lastId = 0

  begin(locus: string): Entry {
    const id = ++this.#lastId
    const made: Entry = {
      id,
      locus,
      reads: new Map(),
      writes: new Set(),
      state: 'open',
      acknowledged: false,
    }
    this.entries.push(made)
    return made
  }

  /** It read `value`: its own, or what it read before. */
  read(entry: Entry, word: number, value: number): void {
    const known = entry.writes.has(word) ? entry.id : entry.reads.get(word)
    if (known === undefined) entry.reads.set(word, value)
    else if (known !== value)
      this.problems.push(`transaction ${entry.id} reads ${value} in ${word}, and ${known} before`)
  }

  ended(entry: Entry, why: string): void {
    entry.state = 'ended'
    this.ends.set(why, (this.ends.get(why) ?? 0) + 1)
  }

  committed(entry: Entry): void {
    entry.state = 'committed'
  }

  /** Everything that the locus has committed is recoverable: it was told so. */
  acknowledge(locus: string): void {
    for (const entry of this.of(locus)) entry.acknowledged = true
  }

  /** What the locus has committed and no crash has undone. */
  of(locus: string): Entry[] {
    return this.entries.filter((each) => each.locus === locus && each.state === 'committed')
  }

  /** The locus is entered, perhaps anew, and the last it committed is, by its registers, this one. */
  entered(locus: string, last: number): void {
    if (last !== 0 && !this.of(locus).some(({ id }) => id === last))
      this.problems.push(`${locus} comes back with ${last}, which it never committed`)
    for (const entry of this.entries) {
      if (entry.locus !== locus || entry.state === 'ended' || entry.state === 'gone') continue
      if (entry.state === 'committed' && entry.id <= last) continue
      if (entry.acknowledged) this.problems.push(`${entry.id} was acknowledged and is gone`)
      entry.state = 'gone'
    }
  }

  /** Compares what is left in each word with the transactions that count; answers everything that is wrong. */
  audit(left: readonly number[]): readonly string[] {
    const counted = this.entries.filter(({ state }) => state === 'committed')
    const wrong = [...this.problems]
    const after = left.map((value, word) => this.#chain(counted, word, value, wrong))
    if (wrong.length === 0 && hasCircle(counted, after))
      wrong.push('the transactions have no serial order')
    return wrong
  }

  /** Which transaction wrote the word next after each value. */
  #chain(
    counted: readonly Entry[],
    word: number,
    left: number,
    wrong: string[],
  ): ReadonlyMap<number, Entry> {
    const next = new Map<number, Entry>()
    const writers = counted.filter(({ writes }) => writes.has(word))
    for (const entry of writers) {
      const from = entry.reads.get(word)!
      const other = next.get(from)
      if (other !== undefined)
        wrong.push(`${entry.id} and ${other.id} both wrote word ${word} over ${from}: one is lost`)
      next.set(from, entry)
    }
    const known = new Set([0, ...writers.map(({ id }) => id)])
    for (const { id, reads } of counted)
      if (reads.has(word) && !known.has(reads.get(word)!))
        wrong.push(`${id} read ${reads.get(word)} in word ${word}, which nobody committed`)
    let [last, steps] = [0, 0]
    for (let entry = next.get(0); entry !== undefined; entry = next.get(last)) {
      last = entry.id
      steps++
    }
    if (steps !== writers.length) wrong.push(`word ${word} was not written in one row`)
    if (last !== left) wrong.push(`word ${word} holds ${left}, and was last written by ${last}`)
    return next
  }
}

/** Whether somebody comes before itself: who read a value comes after its writer, and before who wrote over it. */
function hasCircle(
  counted: readonly Entry[],
  after: readonly ReadonlyMap<number, Entry>[],
): boolean {
  const byId = new Map(counted.map((each) => [each.id, each]))
  const before = new Map(counted.map((each) => [each, new Set<Entry>()]))
  for (const entry of counted)
    for (const [word, value] of entry.reads) {
      const writer = byId.get(value)
      if (writer !== undefined) before.get(entry)!.add(writer)
      const next = after[word]!.get(value)
      if (next !== undefined && next !== entry) before.get(next)!.add(entry)
    }
  // Taken away one by one: who has nobody before it that is still there.
  let there = new Set(counted)
  for (;;) {
    const rest = new Set(
      [...there].filter((each) => [...before.get(each)!].some((one) => there.has(one))),
    )
    if (rest.size === there.size) return rest.size > 0
    there = rest
  }
}
