/**
 * The index over machines: each has a container with the words that fall to it. A locus merges its own machine's share in place, and
 * that of another by invoking the container there.
 *
 * An invocation of another machine counts as done when the locus is next at a safepoint, as a write of its own does: what goes back takes back whoever has received of it.
 * So a slice is merged once, on whatever machine, whatever is killed.
 */
import { encodeBlock, type Locus, type SharedMap } from '@katydid/locus'
import type { WordTable } from '../word/word-table.js'
import { mergeWords } from './postings.js'
import type { MergeTask, Shard } from './tasks.js'
import { tellWords, toldBytes } from './told-words.js'
import { Reordered, type WordCounts } from './word-counts.js'

/** Words merged between two safepoints: even if each faults, well within what a snapshot waits for. */
const sliceWords = 16_384
/** Bytes of words in one invocation, whose block may have 32 KiB. */
const sliceBytes = 30 * 1024
/** A machine that is killed is waited for. */
const deadlineMs = 120_000

/** What it needs of a locus. */
type Host = Pick<Locus, 'invoke'>

export class Shards {
  readonly #locus: Host
  readonly #map: SharedMap
  readonly #shards: readonly Shard[]

  constructor(locus: Host, map: SharedMap, shards: readonly Shard[]) {
    this.#locus = locus
    this.#map = map
    this.#shards = shards
  }

  /** The words of a batch in the order in which they are merged. It follows from the batch alone. */
  arrange(table: WordTable): Arranged {
    const { length } = this.#shards
    const order = Uint32Array.from({ length: table.length }, (_, entry) => entry)
    if (length > 1)
      order.sort((a, b) => (table.hashOf(a) % length) - (table.hashOf(b) % length) || a - b)
    return {
      words: new Reordered(table, order),
      shardOf: (at) => table.hashOf(order[at]!) % length,
    }
  }

  /** Merges a slice that begins with word `from`; answers where the next begins. */
  merge({ words, shardOf }: Arranged, from: number): number {
    const shard = shardOf(from)
    const cap = this.#shards[shard]!
    const most = Math.min(words.length, from + sliceWords)
    let end = from
    for (let bytes = 0; end < most && shardOf(end) === shard; end++) {
      bytes += cap === 'here' ? 0 : toldBytes(words, end)
      if (bytes > sliceBytes) break
    }
    if (cap === 'here') mergeWords(this.#map, words, from, end)
    else {
      const task: MergeTask = { task: 'merge', words: tellWords(words, from, end) }
      this.#locus.invoke(cap, encodeBlock(task), { deadlineMs })
    }
    return end
  }
}

interface Arranged {
  readonly words: WordCounts
  /** The shard of the word at that place. */
  readonly shardOf: (at: number) => number
}
