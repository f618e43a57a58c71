/** What the workers of `container-fault` are given. */
import type { RegionHandle } from '@katydid/actor'

export interface FaultTask {
  readonly region: RegionHandle
  readonly table: number
  /** Pages of the container, and those the locus touches. */
  readonly pages: number
  readonly locus: number
  readonly first: number
  readonly count: number
  /** Loads before a park; 0 parks at once. */
  readonly spin: number
  /** Raised by the manager each time it has taken all pages out. */
  readonly emptied: Int32Array<SharedArrayBuffer>
}

export interface RoundTripTask {
  /** Two words on cache lines of their own: what is asked for, what is there. */
  readonly control: SharedArrayBuffer
  readonly target: SharedArrayBuffer
  readonly pages: number
  readonly pageBytes: number
  readonly spin: number
}

/** Word indexes in `RoundTripTask.control`. */
export const asked = 0
export const answered = 32

/** The content of the pages that managers and copiers supply. */
export function store(pages: number, pageBytes: number): Uint8Array {
  return new Uint8Array(pages * pageBytes).map((_, i) => i / pageBytes)
}

/** Waits until the word is not `old`, after `spin` loads. */
export function awaitChange(
  words: Int32Array<SharedArrayBuffer>,
  index: number,
  old: number,
  spin: number,
): number {
  for (let i = 0; i < spin; i++) {
    const now = Atomics.load(words, index)
    if (now !== old) return now
  }
  for (;;) {
    const now = Atomics.load(words, index)
    if (now !== old) return now
    Atomics.wait(words, index, old, 1000)
  }
}
