/**
 * Sums over the processes in which a job has lived. A process that is killed takes its counters with it; what it
 * last told stays in the sum, so sums err only by being a little low.
 */
import type { CounterName } from '@katydid/abi'
import type { Snapshot } from './events.js'
import type { Captures, CounterSums } from './messages.js'
import type { LocusProgress } from './progress-file.js'

/** The rate is that of the last second or so. */
const rateWindowMs = 1000

export class Accounts {
  readonly #totalBytes: number
  readonly #past = new Map<CounterName, number>()
  readonly #rates: { atMs: number; words: number }[] = []
  #now: CounterSums | null = null
  #captures: Captures | null = null
  #pastCaptures = { taken: 0, heldUs: 0, heldMaxUs: 0 }
  #wordsEver = 0
  #lastWords = 0
  #farthestBytes = 0

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes
  }

  /** The farthest the job has ever been, in bytes of text. */
  get farthestBytes(): number {
    return this.#farthestBytes
  }

  /** What the process that runs now has told last. */
  tell(status: { readonly counters: CounterSums; readonly captures: Captures } | null): void {
    this.#now = status?.counters ?? this.#now
    this.#captures = status?.captures ?? this.#captures
  }

  /** Snapshots of the process that runs now, as last told. */
  get captures(): Captures | null {
    return this.#captures
  }

  /** The process is gone: its counters become history. */
  close(): void {
    for (const [name, value] of Object.entries(this.#now ?? {}) as [CounterName, number][])
      this.#past.set(name, combine(name, this.#past.get(name) ?? 0, value))
    this.#pastCaptures = this.#allCaptures()
    this.#now = null
    this.#captures = null
  }

  /** A counter over all processes; of a maximum, the largest. */
  sum(name: CounterName): number {
    return combine(name, this.#past.get(name) ?? 0, this.#now?.[name] ?? 0)
  }

  /** The present state as a person wants to see it. */
  snapshot(loci: readonly LocusProgress[], diskBytes: number, nowMs: number): Snapshot {
    const readBytes = loci.reduce((sum, { readBytes: bytes }) => sum + bytes, 0)
    this.#farthestBytes = Math.max(this.#farthestBytes, readBytes)
    const words = loci.reduce((sum, each) => sum + each.words, 0)
    // After a kill the count falls back; what is done again counts as work, not as progress.
    this.#wordsEver += Math.max(0, words - this.#lastWords)
    this.#lastWords = words
    const { taken, heldUs, heldMaxUs } = this.#allCaptures()
    return {
      readBytes,
      totalBytes: this.#totalBytes,
      words,
      wordsPerSecond: this.#rate(nowMs),
      faults: this.sum('faults'),
      discardsDirty: this.sum('discardsDirty'),
      discardsClean: this.sum('discardsClean'),
      reReads: this.sum('reReads'),
      snapshots: taken,
      heldMsMean: taken === 0 ? 0 : heldUs / taken / 1000,
      heldMsMax: heldMaxUs / 1000,
      diskBytes,
    }
  }

  #allCaptures(): { taken: number; heldUs: number; heldMaxUs: number } {
    const past = this.#pastCaptures
    const now = this.#captures
    if (now === null) return past
    return {
      taken: past.taken + now.taken,
      heldUs: past.heldUs + now.heldUs,
      heldMaxUs: Math.max(past.heldMaxUs, now.heldMaxUs),
    }
  }

  #rate(nowMs: number): number {
    this.#rates.push({ atMs: nowMs, words: this.#wordsEver })
    while (this.#rates.length > 2 && this.#rates[1]!.atMs < nowMs - rateWindowMs)
      this.#rates.shift()
    const first = this.#rates[0]!
    const elapsedMs = nowMs - first.atMs
    return elapsedMs <= 0 ? 0 : ((this.#wordsEver - first.words) / elapsedMs) * 1000
  }
}

/** A sum, or of what is a maximum the larger. */
export function combine(name: CounterName, a: number, b: number): number {
  return name.includes('Max') ? Math.max(a, b) : a + b
}
