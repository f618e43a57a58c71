/** A row: what one case gave. One JSON object a line with `--json`; times, so a ratio below 1 is faster than the peer. */
export interface Summary {
  readonly min: number
  readonly p50: number
  readonly p99: number
}

export interface Row {
  readonly bench: string
  readonly case: string
  readonly unit: string
  readonly katydid: Summary
  readonly peers: Readonly<Record<string, Summary>>
  /** Katydid's median over the peer's. */
  readonly ratio: Readonly<Record<string, number>>
  /** How many samples of Katydid were counted. */
  readonly n: number
  readonly node: string
  readonly cores: number
}

/** Least, median and 99th percentile of at least one time. */
export function summary(times: readonly number[]): Summary {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number): number =>
    Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toPrecision(5))
  return { min: at(0), p50: at(0.5), p99: at(0.99) }
}
